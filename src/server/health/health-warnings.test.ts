/** Each warning: what gives rise to it, what does not yet, and that it says what to do. */
import { describe, expect, it } from "vitest";
import { NOTHING_SEEN } from "./folder-look.ts";
import { type HealthFacts, listWarnings } from "./health-warnings.ts";

const NOW = Date.UTC(2026, 10, 24, 12);
const MINUTE_MS = 60_000;

const WELL: HealthFacts = {
  recent: { requests: 1000, limited: 5 },
  disk: { level: "ok", space: { freeBytes: 30, totalBytes: 100 } },
  folder: {
    ...NOTHING_SEEN,
    rotator: { lastSuccessAt: NOW - 15 * MINUTE_MS, intervalMs: 5 * MINUTE_MS },
  },
  store: { lastLoadedAt: NOW - MINUTE_MS, lastError: null, newer: 0 },
  lag: { p99Ms: 250, maxMs: 5000 },
  untrustedForwards: 0,
  startedAt: NOW - 1000 * MINUTE_MS,
  nowMs: NOW,
  maxLagMs: 1000,
  diskCriticalPercent: 90,
};

function rotator(changes: object): Partial<HealthFacts> {
  const { folder } = WELL;
  return { folder: { ...folder, rotator: { lastSuccessAt: 0, intervalMs: 300_000, ...changes } } };
}

describe("the warnings of the health answer", () => {
  it("are none at the edge of every threshold", () => {
    expect(listWarnings(WELL)).toEqual([]);
  });

  it("are none where nothing is known: no disk read, no rotator, no store, no request", () => {
    const recent = { requests: 0, limited: 0 };
    const disk = { level: "ok" as const, space: undefined };
    expect(listWarnings({ ...WELL, disk, folder: NOTHING_SEEN, store: null, recent })).toEqual([]);
  });

  it.each<[string, Partial<HealthFacts>, string]>([
    ["an untrusted proxy", { untrustedForwards: 3 }, "3 requests bore X-Forwarded-For .* TRUSTED_PROXIES$"],
    [
      "a disk that fills up",
      { disk: { level: "warn", space: { freeBytes: 199, totalBytes: 1000 } } },
      "is 80.1 % full: make room .*, events are refused from 90 % on$",
    ],
    [
      "a store that cannot load",
      { store: { lastLoadedAt: NOW, lastError: "/data/store.duckdb: no space", newer: 0 } },
      "cannot load the log, .*: the server's log says why$",
    ],
    [
      "a store that is behind",
      { store: { lastLoadedAt: NOW - 61_000, lastError: null, newer: 0 } },
      "answers are 61 s behind",
    ],
    [
      "a first load that takes long",
      { store: { lastLoadedAt: null, lastError: null, newer: 0 } },
      "answers are 60000 s behind",
    ],
    [
      "lines of a newer version",
      { store: { lastLoadedAt: NOW, lastError: null, newer: 3 } },
      "^3 lines of the log are of a newer version and in no answer: start the version that wrote them",
    ],
    ["a late event loop", { lag: { p99Ms: 251, maxMs: 251 } }, "251 ms late, .* METRICS_WORKERS"],
    ["a late rotator", rotator({ lastSuccessAt: NOW - 901_000 }), "succeeded 901 s ago and should every 300 s: look"],
    [
      "a rotator that never succeeded",
      rotator({ lastSuccessAt: null }),
      "has not succeeded yet and should every 300 s",
    ],
    ["many answers 429", { recent: { requests: 1000, limited: 6 } }, "0.6 % of the requests .* METRICS_RATE_LIMIT"],
  ])("name %s and what to do", (_, change, text) => {
    const warnings = listWarnings({ ...WELL, ...change });
    expect(warnings).toEqual([expect.stringMatching(text)]);
    expect(warnings.join()).not.toContain("/data");
  });

  it.each<[string, number, boolean, number | null, number]>([
    ["is paused", -86_400_000, true, null, 0],
    ["is paused until later", -86_400_000, true, 1, 0],
    ["was paused until three intervals ago", -86_400_000, true, -900_000, 0],
    ["was paused until longer ago", -86_400_000, true, -900_001, 1],
    ["was resumed three intervals ago", -900_000, false, null, 0],
    ["was resumed longer ago", -900_001, false, null, 1],
  ])("look at a rotator that %s", (_, atMs, paused, untilMs, count) => {
    const time = (ms: number): string => new Date(NOW + ms).toISOString();
    const who = { uid: 0, user: "root", pid: 1 };
    const until = untilMs === null ? null : time(untilMs);
    const { folder } = { ...WELL, ...rotator({ lastSuccessAt: NOW - 86_400_000 }) };
    const pause = { paused, until, at: time(atMs), who, why: null };
    expect(listWarnings({ ...WELL, folder: { ...folder, pause } })).toHaveLength(count);
  });

  it("leave a rotator alone that was run a single time", () => {
    expect(listWarnings({ ...WELL, ...rotator({ intervalMs: null }) })).toEqual([]);
  });
});
