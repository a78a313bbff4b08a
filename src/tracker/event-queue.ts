/** The events that wait in memory to be sent: bounded, oldest given up first, and what was given up is counted. */

/**
 * Bytes of the events of a batch. Browsers let 64 KiB of keepalive bodies be in flight in all, so that a batch under way
 * and a last one as the page goes fit. An event has 16 KiB of metadata at most, and less than 6 KiB of anything else.
 */
const MAX_BATCH_BYTES = 25_000;

/** Far more than a visitor makes in an outage of some minutes. */
const MAX_WAITING = 1_000;

/** Events as JSON, oldest first, and how many had to be given up since the last batch that arrived. */
export type EventQueue = { waiting: string[]; givenUp: number };

/** Adds an event at the end; an empty text is none. One too long for a batch could never be sent, and is given up. */
export function enqueue(queue: EventQueue, json: string): void {
  if (isTooMuch([json])) queue.givenUp += 1;
  else if (json) queue.waiting.push(json);
  queue.givenUp += queue.waiting.splice(0, queue.waiting.length - MAX_WAITING).length;
}

/** Says whether what waits is as much as a batch of at most `maxEvents` takes. */
export function isFullBatch({ waiting }: EventQueue, maxEvents: number): boolean {
  return waiting.length >= maxEvents || isTooMuch(waiting);
}

/** Takes the next batch out of the queue, at most `maxEvents`, and the count of those given up with it. */
export function takeBatch(queue: EventQueue, maxEvents: number): EventQueue {
  let count = maxEvents;
  while (isTooMuch(queue.waiting.slice(0, count))) count -= 1;
  const { givenUp } = queue;
  queue.givenUp = 0;
  return { waiting: queue.waiting.splice(0, count), givenUp };
}

/** Puts back a batch that did not arrive, to be the first again. */
export function putBack(queue: EventQueue, waiting: readonly string[], givenUp: number): void {
  queue.waiting.unshift(...waiting);
  queue.givenUp += givenUp;
}

function isTooMuch(waiting: string[]): boolean {
  // A Blob would count without copying, but making one costs the main thread of a new page more.
  return new TextEncoder().encode(`${waiting}`).length > MAX_BATCH_BYTES;
}
