/**
 * The live stream: every stored event to every reader that may see it, in order, once.
 *
 * A push into the ring is only noted, since acknowledging waits for it; soon after, all that was noted is rendered once
 * and written to each reader. A reader that resumes is given the ring from its last event on, at its own pace, and then
 * what comes. One that leaves too much unread is cut off and resumes later, so that it costs no memory and delays nobody.
 */
import type { Writable } from "node:stream";
import type { AcceptedEvent } from "../event.ts";
import type { Ring } from "./ring.ts";
import { GAP, HEARTBEAT, type MessageMaker, makeMessages, OPENING, type StreamFilter } from "./stream-message.ts";
import { eventsBetween, oldestPosition, positionBehind } from "./stream-position.ts";

export type StreamLimits = {
  /** Streams that may be open at once. */
  readonly maxReaders: number;
  /** Bytes that a reader may have left unread when more are due. */
  readonly maxWaitingBytes: number;
  readonly heartbeatMs: number;
  /** How long stored events are gathered before they are sent: a flood costs a few large writes, not many small ones. */
  readonly gatherMs: number;
};

/** Proxies close a connection that is quiet for a minute (nginx, proxy_read_timeout); the heartbeat is well below. */
export const STREAM_LIMITS: StreamLimits = {
  maxReaders: 100,
  maxWaitingBytes: 1_048_576,
  heartbeatMs: 15_000,
  gatherMs: 25,
};

/** Events that a reader is given at a time while it catches up; about 64 KiB of usual ones. */
const CATCH_UP_EVENTS = 100;

/** What the last bytes of a stream that ends may take; a draining server waits no longer. */
const END_GRACE_MS = 100;

/** Who reads, from where on, and where to. */
export type ReaderRequest = {
  readonly filter: StreamFilter;
  /** Id of the last event that the reader has; undefined: it wants only what comes. */
  readonly lastEventId: string | undefined;
  /** Asked at each heartbeat; the stream of a reader that may not go on is ended. Must not throw. */
  readonly mayGoOn: () => boolean;
  /** The stream owns it from here on. */
  readonly output: Writable;
};

export type EventStream = {
  /** Says whether one more reader can be taken on. */
  readonly hasRoom: () => boolean;
  /** Takes a reader on, until it leaves, may not go on, or does not keep up. */
  readonly open: (request: ReaderRequest) => void;
  /** Readers now, and readers cut off so far because they did not keep up. */
  readonly counts: () => { readonly readers: number; readonly cutOff: number };
  /** Ends every stream, and lets nobody in any more. Resolves when all are gone, after END_GRACE_MS at the latest. */
  readonly close: () => Promise<void>;
};

type Reader = ReaderRequest & {
  /** Position in the ring of the next event to give; below `Streaming.sent` while the reader catches up. */
  position: number;
};

type Streaming = {
  readonly ring: Ring;
  readonly limits: StreamLimits;
  readonly messagesOf: MessageMaker;
  readonly readers: Set<Reader>;
  /** Position in the ring up to which readers that keep up have been given everything. */
  sent: number;
  /** What has been stored since, oldest first; empty while nobody reads. */
  gathered: AcceptedEvent[];
  cutOff: number;
  flushTimer: NodeJS.Timeout | undefined;
  heartbeatTimer: NodeJS.Timeout | undefined;
};

/** Makes the stream over a ring. While nobody reads it costs nothing. */
export function createEventStream(ring: Ring, limits: StreamLimits = STREAM_LIMITS): EventStream {
  const streaming: Streaming = {
    ...{ ring, limits, messagesOf: makeMessages(), readers: new Set() },
    ...{ sent: ring.end(), gathered: [], cutOff: 0, flushTimer: undefined, heartbeatTimer: undefined },
  };
  let isClosed = false;
  const unsubscribe = ring.subscribe((events) => gather(streaming, events));
  return {
    hasRoom: () => !isClosed && streaming.readers.size < limits.maxReaders,
    open: (request) => open(streaming, request),
    counts: () => ({ readers: streaming.readers.size, cutOff: streaming.cutOff }),
    close: async () => {
      isClosed = true;
      unsubscribe();
      flush(streaming);
      await Promise.all([...streaming.readers].map((reader) => end(streaming, reader)));
    },
  };
}

function gather(streaming: Streaming, events: readonly AcceptedEvent[]): void {
  if (streaming.readers.size === 0) return;
  for (const event of events) streaming.gathered.push(event);
  streaming.flushTimer ??= setTimeout(() => flush(streaming), streaming.limits.gatherMs);
}

function open(streaming: Streaming, request: ReaderRequest): void {
  flush(streaming); // From here on `sent` is the end of the ring: what comes later is neither sent twice nor left out.
  const { ring, limits, sent } = streaming;
  const { output, lastEventId, filter } = request;
  const resumed = lastEventId === undefined ? sent : positionBehind(ring, lastEventId, filter.site);
  const reader = { ...request, position: resumed ?? oldestPosition(ring) };
  streaming.readers.add(reader);
  streaming.heartbeatTimer ??= setInterval(() => beat(streaming), limits.heartbeatMs);
  output.on("drain", () => catchUp(streaming, reader));
  output.once("close", () => leave(streaming, reader));
  output.on("error", () => {
    leave(streaming, reader);
    output.destroy();
  });
  output.write(OPENING);
  if (resumed === undefined) output.write(GAP);
  catchUp(streaming, reader);
}

/** Sends what was gathered to the readers that keep up; those that catch up find it in the ring. */
function flush(streaming: Streaming): void {
  const { ring, readers, limits, messagesOf, gathered, sent } = streaming;
  clearTimeout(streaming.flushTimer);
  streaming.flushTimer = undefined;
  streaming.gathered = [];
  streaming.sent = ring.end();
  const batches = new Map<string, Buffer>();
  for (const reader of readers) {
    const isCaughtUp = reader.position === sent;
    if (isCaughtUp ? reader.output.writableLength > limits.maxWaitingBytes : reader.position < oldestPosition(ring)) {
      cutOff(streaming, reader);
    } else if (isCaughtUp) {
      const key = JSON.stringify([reader.filter.site, reader.filter.event]);
      const batch = batches.get(key) ?? Buffer.concat(messagesOf(gathered, reader.filter));
      batches.set(key, batch);
      reader.position = streaming.sent;
      if (batch.length > 0) reader.output.write(batch);
    }
  }
}

/**
 * Gives a reader what the ring holds for it; once half of what may wait does, the rest follows when the output has
 * drained. A ring of the usual size is written in one go, so that no flood can overtake its reader.
 */
function catchUp(streaming: Streaming, reader: Reader): void {
  const { ring, readers, sent, limits, messagesOf } = streaming;
  const { output, filter } = reader;
  const hasEnough = (): boolean => output.writableNeedDrain && output.writableLength > limits.maxWaitingBytes / 2;
  while (reader.position < sent && readers.has(reader) && !hasEnough()) {
    if (reader.position < oldestPosition(ring)) {
      cutOff(streaming, reader);
      return;
    }
    const to = Math.min(reader.position + CATCH_UP_EVENTS, sent);
    const batch = Buffer.concat(messagesOf(eventsBetween(ring, reader.position, to), filter));
    reader.position = to;
    if (batch.length > 0) output.write(batch);
  }
}

function beat(streaming: Streaming): void {
  for (const reader of streaming.readers) {
    if (reader.mayGoOn()) reader.output.write(HEARTBEAT);
    else void end(streaming, reader);
  }
}

function cutOff(streaming: Streaming, reader: Reader): void {
  streaming.cutOff += 1;
  leave(streaming, reader);
  reader.output.destroy();
}

/** Ends a stream in order; what its reader does not take within the grace is thrown away. Resolves when it is gone. */
function end(streaming: Streaming, reader: Reader): Promise<void> {
  const { output } = reader;
  leave(streaming, reader);
  output.end();
  const timer = setTimeout(() => output.destroy(), END_GRACE_MS);
  return new Promise((resolve) => {
    output.once("close", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function leave(streaming: Streaming, reader: Reader): void {
  streaming.readers.delete(reader);
  if (streaming.readers.size > 0) return;
  clearInterval(streaming.heartbeatTimer);
  clearTimeout(streaming.flushTimer);
  streaming.heartbeatTimer = undefined;
  streaming.flushTimer = undefined;
  streaming.gathered = [];
}
