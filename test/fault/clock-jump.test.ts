/** A whole server whose clock jumps under load: nothing acknowledged is lost, and no shard's name is used twice. */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { utcDay } from "../../src/clock.ts";
import { libfaketime } from "../means.ts";
import { auditLog, NOTHING_WRONG } from "./audit.ts";
import { makeLedger, seededRandom, startLoad } from "./load.ts";
import { makeFolder, readLog } from "./log-fixtures.ts";
import { startLogProcess } from "./log-process.ts";
import { startServerProcess } from "./server-process.ts";

const DAY_S = 86_400;

/** A clock for a process, in the words of libfaketime: `set` moves it by so many seconds from the real one. */
function makeClock(): { readonly set: (offsetS: number) => void; readonly wrapper: readonly string[] } {
  const path = join(makeFolder(), "offset");
  const set = (offsetS: number): void => writeFileSync(path, `${offsetS < 0 ? "" : "+"}${offsetS}\n`);
  const settings = {
    LD_PRELOAD: libfaketime ?? "",
    FAKETIME_TIMESTAMP_FILE: path,
    FAKETIME_CACHE_DURATION: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
  };
  set(0);
  return { set, wrapper: ["env", ...Object.entries(settings).map(([name, value]) => `${name}=${value}`)] };
}

/** Seconds from now to so long after the next midnight, UTC. */
function afterMidnight(seconds: number): number {
  return Math.round(DAY_S - ((Date.now() / 1_000) % DAY_S) + seconds);
}

/** The day that a healthy server says it is. */
async function readDay(url: string): Promise<string> {
  const answer = await fetch(`${url}/api/metrics/health`);
  expect(answer.status).toBe(200);
  return utcDay(Date.parse(answer.headers.get("date") ?? ""));
}

describe.skipIf(!libfaketime)("a server whose clock jumps under load [needs libfaketime]", () => {
  it("stays up, loses nothing it acknowledged, and seals under names of their own", async () => {
    const dataDir = makeFolder();
    const clock = makeClock();
    const ledger = makeLedger();
    const days: string[] = [];
    /** Moves the clock under load, and sends until so much more is acknowledged at the new time. */
    const jumpTo = async (url: string, offsetS: number): Promise<void> => {
      const options = { connections: 8, random: seededRandom(days.length), prefix: `j${days.length}-` };
      const load = startLoad(url, ledger, options);
      clock.set(offsetS);
      const day = utcDay(Date.now() + offsetS * 1_000);
      await expect.poll(() => readDay(url), { timeout: 30_000 }).toBe(day);
      const goal = ledger.acked.size + 200;
      await expect.poll(() => ledger.acked.size, { timeout: 30_000 }).toBeGreaterThan(goal);
      await load.stop();
      days.push(day);
    };
    const lives = [
      [0, DAY_S, -DAY_S, 5 * 365 * DAY_S],
      [afterMidnight(-60), afterMidnight(60), afterMidnight(-60)],
    ];
    for (const offsets of lives) {
      clock.set(offsets[0] ?? 0);
      const server = startServerProcess(dataDir, clock.wrapper);
      const url = await server.url;
      for (const offset of offsets) await jumpTo(url, offset);
      expect(await server.end("SIGTERM")).toMatchObject({ code: 0 });
    }
    expect(await (await startLogProcess(dataDir)).close()).toBe(0); // Seals what the last one left.

    expect((await auditLog(dataDir, ledger)).findings).toEqual(NOTHING_WRONG);
    expect([[...ledger.answers.keys()], ledger.broken]).toEqual([[202], 0]);
    const { events, files } = await readLog(dataDir);
    const received = new Set(events.map((event) => event.receivedAt.slice(0, 10)));
    expect(received).toEqual(new Set(days));
    // A file for each day that begins; minutes back over midnight go on in the file of the later day.
    const [today, next, before, far] = days;
    const shards = [`${before}.1`, `${today}.1`, `${today}.2`, `${next}.1`, `${next}.2`, `${far}.1`];
    const names = [...shards.map((shard) => `metrics-${shard}.jsonl`), "metrics.jsonl"];
    expect(files.map((file) => file.name)).toEqual(names);
    expect(readdirSync(dataDir).filter((name) => name.startsWith("metrics-torn-"))).toEqual([]);
  }, 180_000);
});
