/** Several `passerby start` on one data directory at once: one serves, the others say why not and end with code 2. */
import { describe, expect, it } from "vitest";
import { auditLog, NOTHING_WRONG } from "./audit.ts";
import { makeLedger, seededRandom, startLoad } from "./load.ts";
import { makeFolder } from "./log-fixtures.ts";
import { startLogProcess } from "./log-process.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";

type Start = { readonly server: ServerProcess; readonly url: string | undefined };

/** Starts so many servers at once; resolves when each of them listens or has ended. */
async function startAtOnce(count: number, dataDir: string): Promise<readonly Start[]> {
  const servers = Array.from({ length: count }, () => startServerProcess(dataDir));
  return Promise.all(servers.map(async (server) => ({ server, url: await server.url.catch(() => undefined) })));
}

/** Makes a folder whose owner was killed: its socket is still there. */
async function makeOrphan(): Promise<string> {
  const dataDir = makeFolder();
  const log = await startLogProcess(dataDir);
  expect(await log.append(["before"])).toBe(true);
  await log.kill();
  return dataDir;
}

describe("collectors that start on a killed one's data directory at once", () => {
  it.each([2, 10])(
    "are one that serves, of %i, and others that end with 2 and one line",
    async (count) => {
      const dataDir = await makeOrphan();
      const started = await startAtOnce(count, dataDir);
      const [winner, ...more] = started.filter(({ url }) => url !== undefined);
      expect([winner?.url, more]).toEqual([expect.stringContaining("http"), []]);
      for (const { server, url } of started) {
        if (url !== undefined) continue;
        const { code, output } = await server.end("SIGKILL");
        const oneLine = expect.stringMatching(/^passerby: .* belongs to another running collector: .*\n$/);
        expect([code, output]).toEqual([2, oneLine]);
      }
      const ledger = makeLedger();
      const load = startLoad(winner?.url ?? "", ledger, { connections: 4, random: seededRandom(1), prefix: "e" });
      await expect.poll(() => ledger.acked.size, { timeout: 30_000 }).toBeGreaterThan(100);
      await load.stop();
      expect(await winner?.server.end("SIGTERM")).toMatchObject({ code: 0 });
      const all = { sent: ["before", ...ledger.sent], acked: ["before", ...ledger.acked] };
      expect((await auditLog(dataDir, all)).findings).toEqual(NOTHING_WRONG);
    },
    60_000,
  );
});
