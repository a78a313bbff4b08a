/**
 * The outbox, for npm and for a script tag: events that could not be delivered while their page lived lie in the browser's
 * storage until a later page finds the collector well. A healthy visit leaves nothing there.
 *
 * It follows the life of events through the core's hooks. As the page is hidden or left, what has no answer yet is kept, but
 * only where the last answer was no 202, none has come yet, or the browser is offline. A second copy is never counted: an
 * event keeps its id. The collector is told, at most once, how many there was no room for or became too old. What the core
 * gave up after its last attempt is told as lost by the core, and is kept all the same: it may still come.
 */
import { addHooks, onOptOut } from "../hooks.ts";
import type { OutboxPlace } from "../options.ts";
import { type Entries, openEntries } from "./entries.ts";
import { type KeptEvent, readEvent, readEvents, readLost } from "./kept-event.ts";

/** How long the answer to a redelivery is waited for, before another page may try the same entry. */
const PATIENCE_MS = 30_000;
const LOOK_MS = 100;
/** These may be better later, as may no answer at all; any other answer settles an event. */
const TRY_AGAIN = /^(0|408|429|5\d\d)$/;

/**
 * Keeps an outbox for this page; `memory`, or a browser without storage, keeps none. To be called before the tracker's
 * start; on a server it does nothing.
 */
export function keepOutbox(place: OutboxPlace = "session"): void {
  if (typeof document === "undefined") return;
  const entries = openEntries(place);
  /** Events without an answer, by id. */
  const waiting = new Map<string, KeptEvent>();
  /** How many lost events the core was given to tell, and has not told yet. */
  let untold = 0;
  const giveLost = (lost: number): void => {
    untold += lost;
    window.passerby?.requeue?.("", lost);
  };
  const redeliver = createRedelivery(entries, giveLost, (id) => waiting.has(id));
  let isHealthy = false;
  const forget = (): void => {
    untold = 0;
    waiting.clear();
    entries.removeAll();
  };

  const hear = (envelope: string, status: number): void => {
    const isSettled = !TRY_AGAIN.test(`${status}`);
    if (isSettled && readLost(envelope)) untold = 0;
    for (const event of readEvents(envelope)) {
      if (isSettled) waiting.delete(event.id);
      else waiting.set(event.id, event);
    }
    isHealthy = status === 202;
    if (!isHealthy) return;
    entries.removeOwn();
    void redeliver();
  };

  addHooks({
    onStep: (step, json, status = 0) => {
      if (step === "sampled_out") return forget();
      if (step === "kept") return;
      if (step === "answered") return hear(json, status);
      const event = readEvent(json);
      if (event) waiting.set(event.id, event);
    },
    onLeave: () => {
      // An envelope without events is refused, so that a number with nothing to go with is for a later page to tell.
      if (untold && !waiting.size) {
        entries.keepLost(untold);
        giveLost(-untold);
      }
      if (isHealthy && navigator.onLine) return;
      const kept = entries.keep([...waiting.values()]);
      for (const hooks of window.passerby?.hooks ?? []) hooks.onStep?.("kept", kept);
    },
  });
  onOptOut(forget);
}

/** Returns what gives the entries of earlier pages to the core, one by one; one page at a time does so. */
function createRedelivery(
  entries: Entries,
  giveLost: (lost: number) => void,
  isWaiting: (id: string) => boolean,
): () => Promise<void> {
  let isUnderWay = false;
  const settle = async (events: readonly KeptEvent[]): Promise<boolean> => {
    const until = performance.now() + PATIENCE_MS;
    while (events.some(({ id }) => isWaiting(id))) {
      if (performance.now() > until) return false;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return true;
  };
  const requeueAll = async (lock: unknown): Promise<void> => {
    for (const entry of lock ? entries.read() : []) {
      const { key, events, lost } = entry;
      if (lost) {
        entries.forgetLost(entry);
        giveLost(lost);
      }
      for (const { json } of events) window.passerby?.requeue?.(json);
      if (!(await settle(events))) return;
      entries.remove(key);
    }
  };
  return async () => {
    if (isUnderWay) return;
    isUnderWay = true;
    // Only pages with https have locks; on others the collector alone sees to it that nothing is stored twice.
    const locks: Pick<LockManager, "request"> | undefined = navigator.locks;
    await (locks?.request("passerby-outbox", { ifAvailable: true }, requeueAll) ?? requeueAll(true)).catch(() => {});
    isUnderWay = false;
  };
}
