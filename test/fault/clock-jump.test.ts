/** A whole server whose clock jumps under load: nothing acknowledged is lost, and no shard's name is used twice. */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { libfaketime } from "../means.ts";
import { auditLog, NOTHING_WRONG } from "./audit.ts";
import { makeLedger, seededRandom, startLoad } from "./load.ts";
import { makeFolder, readLog } from "./log-fixtures.ts";
import { startServerProcess } from "./server-process.ts";

const DAY_S = 86_400;

/** A clock for a process, in the words of libfaketime: `set` moves it by so many seconds from the real one. */
function makeClock(): { readonly set: (offsetS: number) => void; readonly wrapper: readonly string[] } {
  const path = join(makeFolder(), "offset");
  const set = (offsetS: number): void => writeFileSync(path, `${offsetS < 0 ? "" : "+"}${offsetS}\n`);
  const settings = {
    LD_PRELOAD: libfaketime ?? "",
    FAKETIME_TIMESTAMP_FILE: path,
    FAKETIME_NO_CACHE: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
  };
  set(0);
  return { set, wrapper: ["env", ...Object.entries(settings).map(([name, value]) => `${name}=${value}`)] };
}

/** Seconds from now to so long before the next midnight, UTC. */
function beforeMidnight(seconds: number): number {
  return DAY_S - ((Date.now() / 1_000) % DAY_S) - seconds;
}

describe.skipIf(!libfaketime)("a server whose clock jumps under load [needs libfaketime]", () => {
  it("stays up, loses nothing it acknowledged, and seals under names of their own", async () => {
    const dataDir = makeFolder();
    const clock = makeClock();
    const ledger = makeLedger();
    const days: string[] = [];
    /** Sends until so much more is acknowledged, which the server must do at the new time. */
    const jumpTo = async (url: string, offsetS: number): Promise<void> => {
      clock.set(offsetS);
      const prefix = `j${days.length}-`;
      days.push(new Date(Date.now() + offsetS * 1_000).toISOString().slice(0, 10));
      const load = startLoad(url, ledger, { connections: 8, random: seededRandom(days.length), prefix });
      const goal = ledger.acked.size + 200;
      await expect.poll(() => ledger.acked.size, { timeout: 10_000 }).toBeGreaterThan(goal);
      await load.stop();
      expect((await fetch(`${url}/api/metrics/health`)).status).toBe(200);
    };
    const lives = [
      [0, DAY_S, -DAY_S, 5 * 365 * DAY_S, 0],
      [beforeMidnight(-1), beforeMidnight(1), beforeMidnight(-1)],
      [-DAY_S, 0],
    ];
    for (const offsets of lives) {
      clock.set(offsets[0] ?? 0);
      const server = startServerProcess(dataDir, clock.wrapper);
      const url = await server.url;
      for (const offset of offsets) await jumpTo(url, offset);
      expect(await server.end("SIGTERM")).toMatchObject({ code: 0 });
    }
    await startServerProcess(dataDir).url;

    expect((await auditLog(dataDir, ledger)).findings).toEqual(NOTHING_WRONG);
    expect([[...ledger.answers.keys()], ledger.broken]).toEqual([[202], 0]);
    const { events, files } = await readLog(dataDir);
    const received = new Set(events.map((event) => event.receivedAt.slice(0, 10)));
    expect(received).toEqual(new Set(days));
    expect(files.filter((file) => file.kind === "sealed")).toHaveLength(lives.length);
    expect(readdirSync(dataDir).filter((name) => name.startsWith("metrics-torn-"))).toEqual([]);
  }, 60_000);
});
