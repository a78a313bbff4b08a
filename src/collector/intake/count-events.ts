/** Counts the events of a request that is refused unread, so that the counts stay in events. */
import { type EncodedBody, encodingOf, readBatch } from "./decode.ts";

/**
 * Returns how many events a body holds. One that is compressed counts 1, because inflating it would hand a flood the
 * work that the refusal spares; one that holds no batch within the bounds counts 1, as it does when it is read.
 */
export function countEvents(body: EncodedBody): number {
  if (encodingOf(body) !== "identity") return 1;
  try {
    return readBatch(body.bytes).events.length;
  } catch {
    return 1;
  }
}
