/**
 * What an operator should look after while events are still stored: each warning is a sentence that says what to do. The
 * sentences are public, so they bear no path, no message of the system and nothing of a client.
 */
import { usedPercent } from "../../disk-space.ts";
import { lastHeldMs } from "../../log/rotate/pause.ts";
import { RECENT_MINUTES } from "./request-meter.ts";
import type { Readings } from "./take-numbers.ts";

/** A load runs twice a second; so late is no hiccup. */
const STORE_BEHIND_MS = 60_000;
/** Rounds that a rotator may miss before it counts as late. */
const ROTATOR_INTERVALS = 3;
/** What is too old is removed once an hour. */
const RETENTION_LATE_MS = 3 * 3_600_000;
/** Share of requests answered 429 past which the limit meets more than the odd robot. */
const LIMITED_RATIO = 0.005;
/** Share of METRICS_MAX_LAG_MS past which a warning comes, well before events are refused for it. */
const LAG_SHARE = 0.25;

export type HealthFacts = Pick<
  Readings,
  "recent" | "disk" | "folder" | "store" | "lag" | "untrustedForwards" | "startedAt" | "retainedAt"
> & {
  readonly nowMs: number;
  /** The setting METRICS_MAX_LAG_MS. */
  readonly maxLagMs: number;
  /** The setting METRICS_DISK_CRITICAL_PERCENT. */
  readonly diskCriticalPercent: number;
};

type Rule = (facts: HealthFacts) => string | undefined;

const RULES: readonly Rule[] = [
  warnOfProxy,
  warnOfDisk,
  warnOfStore,
  warnOfNewerLines,
  warnOfLag,
  warnOfRotator,
  warnOfRetention,
  warnOfLimit,
];

/** Lists the warnings that the facts give rise to. */
export function listWarnings(facts: HealthFacts): readonly string[] {
  return RULES.map((rule) => rule(facts)).filter((warning) => warning !== undefined);
}

function warnOfProxy({ untrustedForwards }: HealthFacts): string | undefined {
  if (untrustedForwards === 0) return undefined;
  return (
    `${untrustedForwards} requests bore X-Forwarded-For from a proxy that TRUSTED_PROXIES does not name, so visitors ` +
    "behind it look like one: add the proxy's address to TRUSTED_PROXIES"
  );
}

function warnOfDisk({ disk: { level, space }, diskCriticalPercent }: HealthFacts): string | undefined {
  if (space === undefined || level === "ok") return undefined;
  const used = `the disk of the data directory is ${usedPercent(space).toFixed(1)} % full: make room or enlarge it`;
  return `${used}, events are refused from ${diskCriticalPercent} % on`;
}

function warnOfStore({ store, startedAt, nowMs }: HealthFacts): string | undefined {
  if (store === null) return undefined;
  if (store.lastError !== null) {
    return "the store cannot load the log, so answers fall behind (events are still stored): the server's log says why";
  }
  const behindMs = nowMs - (store.lastLoadedAt ?? startedAt);
  if (behindMs <= STORE_BEHIND_MS) return undefined;
  return (
    `answers are ${wholeSeconds(behindMs)} behind the log (events are still stored): give the machine more processor ` +
    "time, or wait if the store is being built"
  );
}

function warnOfNewerLines({ store }: HealthFacts): string | undefined {
  if (store === null || store.newer === 0) return undefined;
  const lines = store.newer === 1 ? "1 line of the log is" : `${store.newer} lines of the log are`;
  return (
    `${lines} of a newer version and in no answer: start the version that wrote them, which reads them from the log ` +
    "(passerby replay counts anew, where they were deleted since)"
  );
}

function warnOfLag({ lag, maxLagMs }: HealthFacts): string | undefined {
  if (lag.p99Ms <= maxLagMs * LAG_SHARE) return undefined;
  return (
    `the event loop is up to ${Math.round(lag.p99Ms)} ms late, and events are refused from ${maxLagMs} ms on: give the ` +
    "machine more processor time, raise METRICS_WORKERS or lower METRICS_SAMPLE_RATE"
  );
}

function warnOfRotator({ folder: { rotator, pause }, startedAt, nowMs }: HealthFacts): string | undefined {
  if (rotator === undefined || rotator.intervalMs === null) return undefined;
  const { lastSuccessAt, intervalMs } = rotator;
  // A server that was down for long has not rotated meanwhile, and will; and what was paused was meant to be.
  if (nowMs - Math.max(lastSuccessAt ?? 0, startedAt, lastHeldMs(pause, nowMs)) <= intervalMs * ROTATOR_INTERVALS)
    return undefined;
  const last =
    lastSuccessAt === null ? "has not succeeded yet" : `last succeeded ${wholeSeconds(nowMs - lastSuccessAt)} ago`;
  return (
    `the rotator ${last} and should every ${wholeSeconds(intervalMs)}: look whether it runs and what rotator.json says, ` +
    "old files may not be deleted meanwhile"
  );
}

function warnOfRetention({ retainedAt, startedAt, nowMs }: HealthFacts): string | undefined {
  if (retainedAt === undefined) return undefined;
  const sinceMs = nowMs - (retainedAt ?? startedAt);
  if (sinceMs <= RETENTION_LATE_MS) return undefined;
  return (
    `what is older than METRICS_RETENTION_DAYS was last removed ${wholeSeconds(sinceMs)} ago and should be every hour: the ` +
    "server's log says why"
  );
}

function warnOfLimit({ recent: { requests, limited } }: HealthFacts): string | undefined {
  if (limited <= requests * LIMITED_RATIO) return undefined;
  return (
    `${percentOf(limited, requests)} of the requests of the last ${RECENT_MINUTES} minutes were answered 429: if they ` +
    "were real visitors, raise METRICS_RATE_LIMIT or name your proxy in TRUSTED_PROXIES"
  );
}

function percentOf(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`;
}

function wholeSeconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
