/** Splits a batch into drafts and refusals; without `partial`, one refusal is the refusal of all. */
import { type ErrorDetail, PasserbyError } from "../../errors.ts";
import type { Draft } from "../draft.ts";
import type { Validated } from "./validate.ts";

/** The answer names this many problems at most; a client that has more has one mistake in all of them. */
const MAX_DETAILS = 20;

export type SortedBatch = {
  readonly drafts: readonly Draft[];
  /** Number of events that are not valid. */
  readonly refused: number;
  readonly details: readonly ErrorDetail[];
  /** Fields of a newer contract that were left out, with how many events had them. */
  readonly unknownFields: Readonly<Record<string, number>>;
};

/** Validates each event of a batch. */
export function sortBatch(
  events: readonly unknown[],
  validate: (raw: unknown, index: number) => Validated,
): SortedBatch {
  const drafts: Draft[] = [];
  const details: ErrorDetail[] = [];
  const unknownFields: Record<string, number> = Object.create(null);
  for (const [index, raw] of events.entries()) {
    const validated = validate(raw, index);
    if ("problems" in validated) {
      details.push(...validated.problems.slice(0, MAX_DETAILS - details.length));
      continue;
    }
    drafts.push(validated.draft);
    for (const name of validated.unknownFields) unknownFields[name] = (unknownFields[name] ?? 0) + 1;
  }
  return { drafts, refused: events.length - drafts.length, details, unknownFields };
}

/** Throws `invalid_event` when the batch may not be stored in part, or holds nothing valid. */
export function refuseWhole(sorted: SortedBatch, isPartial: boolean): void {
  if (sorted.refused === 0 || (isPartial && sorted.drafts.length > 0)) return;
  const [first] = sorted.details;
  const where =
    first === undefined ? "" : `event ${first.index}: ${first.path.slice(1) || "the event"} ${first.message}`;
  throw new PasserbyError("invalid_event", where, { details: sorted.details });
}
