/** What can have become of an event, as far as this page knows. */

/** `unclear`: the answer is about the batch and does not tell which of its events it means, or nobody could read it. */
export type StateName =
  | "waiting"
  | "stored"
  | "sampled out"
  | "duplicate"
  | "dropped"
  | "refused"
  | "retrying"
  | "in the outbox"
  | "unclear";

export type EventState = {
  readonly name: StateName;
  /** Why, in words for a person; may hold words of the collector. */
  readonly detail: string;
};

/** Says that nothing more will happen to an event. */
export function isSettled({ name }: EventState): boolean {
  return !["waiting", "retrying", "in the outbox"].includes(name);
}
