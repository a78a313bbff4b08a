/** The events that wait in memory to be sent: bounded, oldest given up first, and what was given up is counted. */

/**
 * Length of a batch in UTF-16 units: at most 60 KB in UTF-8, which the collector's cap of 64 KiB lets through. Browsers
 * let 64 KiB of keepalive bodies be in flight in all, so that a batch under way and a last one as the page goes fit.
 */
const MAX_BATCH_LENGTH = 20_000;

/** Far more than a visitor makes in an outage of some minutes. */
const MAX_WAITING = 200;

/** Events as JSON, oldest first, and how many had to be given up since the last batch that arrived. */
export type EventQueue = { events: string[]; lost: number };

/** Adds the newest event. One too long for a batch could never be sent, and is lost. */
export function enqueue(queue: EventQueue, json: string): void {
  if (json.length > MAX_BATCH_LENGTH) queue.lost += 1;
  else queue.events.push(json);
  keepBounded(queue);
}

/** Says how many of the oldest events make a batch of at most `maxEvents`. */
export function countBatch({ events }: EventQueue, maxEvents: number): number {
  let length = 0;
  const fitting = events.filter((json, index) => {
    length += json.length;
    return index < maxEvents && length <= MAX_BATCH_LENGTH;
  });
  return fitting.length;
}

/** Takes the next batch out of the queue, and the count of lost events with it. */
export function takeBatch(queue: EventQueue, maxEvents: number): EventQueue {
  const { lost } = queue;
  queue.lost = 0;
  return { events: queue.events.splice(0, countBatch(queue, maxEvents)), lost };
}

/** Puts back a batch that did not arrive, to be the first again. */
export function putBack(queue: EventQueue, batch: EventQueue): void {
  queue.events.unshift(...batch.events);
  queue.lost += batch.lost;
  keepBounded(queue);
}

function keepBounded(queue: EventQueue): void {
  queue.lost += queue.events.splice(0, queue.events.length - MAX_WAITING).length;
}
