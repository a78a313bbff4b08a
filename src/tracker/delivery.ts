/**
 * Decides when events leave: the first at once, then every `flush_ms` or as soon as a batch is full, and what waits
 * when the page is left. A batch that the collector cannot take now is kept and sent again with the same event ids, so
 * that a second copy is not counted.
 */
import type { CONTRACT_VERSION } from "../event.ts";
import { countBatch, type EventQueue, enqueue, putBack, takeBatch } from "./event-queue.ts";
import type { Identity, Tell } from "./hooks.ts";
import { random16 } from "./randomness.ts";
import type { RemoteConfig } from "./remote-config.ts";
import { post, readConfigTag } from "./transport.ts";
import { type Draw, drawVisitor } from "./visitor-draw.ts";

// Written out, because importing the value would bring the whole schema into the browser; the type holds them equal.
const CONTRACT: typeof CONTRACT_VERSION = 1;

export type Delivery = {
  /** Queues an event as JSON without `sample_rate` and `bucket`: these are added as it is sent. */
  readonly queueEvent: (json: string) => void;
  /** Sends what waits at once, because the page may be gone in a moment. */
  readonly sendNow: () => void;
};

export type DeliveryParts = {
  readonly apiBaseUrl: string;
  readonly config: RemoteConfig;
  /** The share of visitors to count unless the operator sets one. */
  readonly sampleRate: number;
  readonly tell: Tell;
};

/** Starts delivery to a collector. */
export function startDelivery({ apiBaseUrl, config, sampleRate, tell }: DeliveryParts): Delivery {
  const pageBucket = random16();
  const queue: EventQueue = { events: [], lost: 0 };
  let isPlanned = false;
  let isFlushing = false;
  let pauseMs = 0;
  let forbiddenUntil = 0;
  let failures = 0;

  const send = async (): Promise<void> => {
    const { enabled, sample_rate, u, max_batch, flush_ms } = config.current();
    let identity: Identity | undefined;
    tell((one) => {
      identity ??= one.readIdentity?.();
    });
    const draw = enabled !== false && drawVisitor(sample_rate ?? sampleRate, identity?.bucket ?? u, pageBucket);
    if (!draw && queue.events.length > 0) {
      tell((one) => one.onStep?.("sampled_out", `[${queue.events}]`));
      queue.events = [];
    }
    pauseMs = flush_ms;
    if (!draw || queue.events.length === 0 || performance.now() < forbiddenUntil) return;

    const batch = takeBatch(queue, max_batch);
    const body = writeEnvelope(batch, { ...identity, ...draw });
    tell((one) => one.onStep?.("sent", body));
    const answer = await post(`${apiBaseUrl}/api/metrics/event?partial=1`, body);
    // Until its answer is read, a body counts against the 64 KiB that may outlive the page (seen in Chromium 156).
    const text = await answer?.text().catch(() => "");
    tell((one) => one.onStep?.("answered", body, answer?.status ?? 0, text));
    config.noticeTag(readConfigTag(answer));
    // These may be better later, as may no answer at all; any other refusal would only be repeated.
    failures = /408|429|5../.test(`${answer?.status ?? 503}`) ? failures + 1 : 0;
    if (!failures) return;
    // Doubled each time, so that a page waits no longer than the trouble has lasted, and at most 9 minutes. A random half
    // is taken off, since pages that failed together must not all come back together.
    const backoffMs = 1000 * 2 ** Math.min(failures, 9) * (1 - Math.random() / 2);
    const retryAfterMs = Number(answer?.headers.get("Retry-After")) * 1000 || 0;
    forbiddenUntil = performance.now() + retryAfterMs;
    pauseMs = Math.max(retryAfterMs, backoffMs);
    putBack(queue, batch);
    plan();
  };

  /** One at a time: what is in flight counts against what browsers let outlive a page. */
  const flush = async (): Promise<void> => {
    isPlanned = false;
    if (isFlushing) return;
    isFlushing = true;
    await config.refresh();
    await send();
    isFlushing = false;
    if (queue.events.length > 0) plan();
  };

  const plan = (): void => {
    const isFull = countBatch(queue, config.current().max_batch - 1) < queue.events.length;
    if (isFull && !failures) void flush();
    else if (!isPlanned) {
      isPlanned = true;
      setTimeout(flush, pauseMs);
    }
  };

  return {
    queueEvent: (json) => {
      enqueue(queue, json);
      tell((one) => one.onStep?.("queued", json));
      // Asked now, so that the answer is there when the event is sent, even if the page is left before that.
      void config.refresh();
      plan();
    },
    sendNow: () => {
      if (!config.isOutdated()) void send();
    },
  };
}

function writeEnvelope({ events, lost }: EventQueue, facts: Draw & Omit<Partial<Identity>, "bucket">): string {
  // The draw is that of the moment of sending: an event that waited while the rate fell was kept at the lower rate.
  const drawn = JSON.stringify(facts).replace("{", ",");
  const stamped = events.map((json) => json.slice(0, -1) + drawn);
  return `{"events":[${stamped}],"sent_at":"${new Date().toISOString()}","lost":${lost},"contract":${CONTRACT}}`;
}
