/**
 * Lets bodies in to the collector in the order in which they came, so many bytes at a time. What is worked on takes
 * several times the memory of its body, and lives until it is on disk; what waits is its bytes alone. With a thousand
 * requests at once the garbage collector would otherwise copy all of them, again and again (bench/overload.ts).
 */

export type Admission = {
  /** Calls `work` once there is room: at once where nothing waits. Every body is let in at some time, however large. */
  readonly enter: (bytes: number, work: () => void) => void;
  /** Gives the room of a body back; whoever waits for it is let in before this returns. */
  readonly leave: (bytes: number) => void;
};

type Waiting = { readonly bytes: number; readonly work: () => void; next: Waiting | undefined };

/** Makes an admission that lets bodies in while those at work are less than `roomBytes` together. */
export function createAdmission(roomBytes: number): Admission {
  let inside = 0;
  let first: Waiting | undefined;
  let last: Waiting | undefined;
  const letIn = ({ bytes, work }: Pick<Waiting, "bytes" | "work">): void => {
    inside += bytes;
    work();
  };
  return {
    enter: (bytes, work) => {
      if (first === undefined && inside < roomBytes) return letIn({ bytes, work });
      const waiting: Waiting = { bytes, work, next: undefined };
      if (last === undefined) first = waiting;
      else last.next = waiting;
      last = waiting;
    },
    leave: (bytes) => {
      inside -= bytes;
      while (first !== undefined && inside < roomBytes) {
        const waiting: Waiting = first;
        first = waiting.next;
        if (first === undefined) last = undefined;
        letIn(waiting);
      }
    },
  };
}
