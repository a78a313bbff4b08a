/**
 * Decides when events leave: the first at once, then every `flush_ms` or as soon as a batch is full, and what waits
 * when the page is left. A batch that the collector cannot take now is kept and sent again with the same event ids, so
 * that a second copy is not counted; what cannot be delivered while the page lives goes to the outbox.
 */
import { writeEnvelope } from "./envelope.ts";
import { type EventQueue, enqueue, isFullBatch, putBack, takeBatch } from "./event-queue.ts";
import type { Hooks, Identity, Settings, Tell } from "./hooks.ts";
import { random16 } from "./randomness.ts";
import { watchRemoteConfig } from "./remote-config.ts";
import { post, readConfigTag } from "./transport.ts";
import { drawVisitor } from "./visitor-draw.ts";

/** So often a batch is tried; with the pauses between that is more than 8 minutes. */
const MAX_ATTEMPTS = 8;

/** So long until the next look where nothing may leave, because the configuration is too old. */
const REST_MS = 5_000;

export type Delivery = {
  /**
   * Queues an event as JSON without `sample_rate`, `bucket` and id of the visitor: these are added as it is sent. The next
   * batch tells of `lost` events that had to be given up; an empty text adds no event to them.
   */
  readonly queueEvent: (json: string, lost?: number) => void;
  /** Sends what waits at once, because the page may be gone in a moment; where it lives on, it tries again as always. */
  readonly leave: () => unknown;
};

export type DeliveryParts = {
  readonly settings: Settings;
  readonly tell: Tell;
  /** Says whether the visitor does not want to be counted. */
  readonly isOut: () => boolean | undefined;
};

/** Starts delivery to a collector. */
export function startDelivery({ settings, tell, isOut }: DeliveryParts): Delivery {
  const config = watchRemoteConfig(settings.apiBaseUrl);
  const pageBucket = random16();
  const queue: EventQueue = { waiting: [], givenUp: 0 };
  let isFlushing = false;
  /** Attempts that failed since the last answer; not 0 before the first one, since nobody knows then. */
  let failures = 0.5;
  let nextAt = 0;
  let forbiddenUntil = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const step: NonNullable<Hooks["onStep"]> = (...what) => tell((hooks) => hooks.onStep?.(...what));

  /** Returns what each event of this visitor has to say, or undefined when nothing may leave. */
  const stamp = (): object | undefined => {
    const { enabled, sample_rate, u } = config.answer;
    let identity: Identity | undefined;
    tell((hooks) => {
      identity ??= hooks.readIdentity?.();
    });
    const draw = drawVisitor(sample_rate ?? settings.sampleRate, identity?.bucket ?? u, pageBucket);
    return isOut() || !enabled || !draw ? undefined : { ...identity, ...draw };
  };

  /** Sends a batch, and puts it back when it has to be sent again later. */
  const deliver = async ({ waiting, givenUp }: EventQueue): Promise<void> => {
    const facts = stamp();
    if (!facts) return step("sampled_out", `[${waiting}]`);
    // The draw is that of the moment of sending: an event that waited while the rate fell was kept at the lower rate.
    const stamped = waiting.map((json) => json.slice(0, -1) + JSON.stringify(facts).replace("{", ","));
    const body = writeEnvelope(stamped, givenUp);
    const answer = await post(`${settings.apiBaseUrl}/api/metrics/event?partial=1`, body);
    // Until its answer is read, a body counts against the 64 KiB that may outlive the page (seen in Chromium 156).
    const text = await answer?.text().catch(() => undefined);
    const status = answer?.status ?? 0;
    step("answered", body, status, text);
    config.noticeTag(readConfigTag(answer));
    // These may be better later, as may no answer at all; any other refusal would only be repeated.
    failures = /^0|408|429|5../.test(`${status}`) ? failures + 1 : 0;
    forbiddenUntil = performance.now() + (+(answer?.headers.get("Retry-After") ?? 0) * 1000 || 0);
    // Doubled each time, so that a page waits no longer than the trouble has lasted, and at most 3 minutes; drawn at random,
    // since pages that failed together, or were told to wait as long, must not all come back together.
    nextAt = forbiddenUntil + (failures ? (512 << failures) * (1 + Math.random()) : config.answer.flush_ms);
    if (failures >= MAX_ATTEMPTS) {
      failures = 1;
      queue.givenUp += waiting.length + givenUp;
    } else if (failures) putBack(queue, waiting, givenUp);
  };

  /** Sends the next batch unless it has to wait. */
  const send = async (): Promise<void> => {
    const now = performance.now();
    if (now > config.believedUntil) nextAt = now + REST_MS;
    else if (queue.waiting[0] && now >= forbiddenUntil) await deliver(takeBatch(queue, config.answer.max_batch));
  };

  /** One request at a time, and one timer: what is in flight counts against what browsers let outlive a page. */
  const plan = (): void => {
    clearTimeout(timer);
    // What is in flight plans anew when its answer is there, which may put the next batch off.
    if (isFlushing || !queue.waiting[0]) return;
    timer = setTimeout(
      async () => {
        isFlushing = true;
        await config.refresh();
        await send();
        isFlushing = false;
        plan();
      },
      !failures && isFullBatch(queue, config.answer.max_batch) ? 0 : nextAt - performance.now(),
    );
  };

  return {
    queueEvent: (json, lost = 0) => {
      queue.givenUp += lost;
      enqueue(queue, json);
      step("queued", json);
      // Asked now, so that the answer is there when the event is sent, even if the page is left before that.
      void config.refresh();
      plan();
    },
    leave: async () => {
      await send();
      plan();
    },
  };
}
