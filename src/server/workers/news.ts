/** What a worker gathers for the main process: the events that it has stored since it last told of them, and its state. */
import type { AcceptedEvent } from "../../event.ts";
import type { Ring } from "../../live/ring.ts";
import type { Intake } from "../intake.ts";
import type { WorkerState } from "./messages.ts";

export type News = {
  /** Returns what was stored since the last call, oldest first. */
  readonly take: () => readonly AcceptedEvent[];
  /** Says whether all events are wanted, or only the newest. */
  readonly watch: (isWatched: boolean) => void;
};

/** Gathers what a ring is told: all of it while somebody watches, else no more than a ring can hold. */
export function gatherNews(ring: Ring, isWatchedAtStart: boolean): News {
  const { capacity } = ring;
  let events: AcceptedEvent[] = [];
  let isWatched = isWatchedAtStart;
  ring.subscribe((stored) => {
    for (const event of stored) events.push(event);
    if (!isWatched && events.length > 2 * capacity) events = events.slice(-capacity);
  });
  return {
    take: () => {
      const taken = isWatched ? events : events.slice(-capacity);
      events = [];
      return taken;
    },
    watch: (next) => {
      isWatched = next;
    },
  };
}

/** Reads the state of a worker; arrivals for the given sites. */
export function stateOf({ log, health, ledger }: Intake, sites: readonly string[]): WorkerState {
  return {
    status: log.status(),
    numbers: health.takeNumbers(),
    warnings: health.answer().warnings,
    arrivals: Object.fromEntries(sites.map((site) => [site, ledger.arrivals(site)])),
  };
}
