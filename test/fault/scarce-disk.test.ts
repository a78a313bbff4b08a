/** A server whose disk another program fills to its critical share: it refuses in time, says so, and goes on by itself. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkStored } from "../../src/collector/ledger/check-stored.ts";
import { readLedger } from "../../src/collector/ledger/read-ledger.ts";
import { makeAccount, sendCounted } from "./counting-client.ts";
import { countIds } from "./log-fixtures.ts";
import { hasTmpfs, mountTmpfs } from "./tmpfs.ts";
import { startWorkerServer } from "./worker-server.ts";

const ALL_TIME = { fromMs: 0, toMs: Date.now() + 86_400_000 };
const DISK_BYTES = 25_165_824;

/** Puts a foreign file on the disk that brings the used share to so many percent. */
function fillTo(dataDir: string, percent: number): void {
  writeFileSync(join(dataDir, "foreign"), Buffer.alloc(Math.floor((DISK_BYTES * percent) / 100)));
}

function event(id: string): { readonly body: string; readonly events: number } {
  return { body: JSON.stringify({ event: "click", visitor_id: "visitor-0001", metadata: { id } }), events: 1 };
}

async function readMetric(metricsUrl: string, name: string): Promise<number> {
  const text = await (await fetch(metricsUrl)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
}

describe.skipIf(!hasTmpfs).each([[1], [2]])(
  "a server with %i workers on a disk that another fills [needs tmpfs]",
  (workers) => {
    it("answers 503 at 90 % used, counts what it refuses, loses nothing, and stores again when the file is gone", async () => {
      const dataDir = mountTmpfs("24m");
      const server = startWorkerServer(dataDir, workers);
      const url = await server.url;
      const account = makeAccount();
      const stored: string[] = [];
      let sent = 0;
      /** A connection of its own each time, so that every worker is met. */
      const send = async (): Promise<number | undefined> => {
        const id = `e${sent++}x`;
        const status = await sendCounted(url, { ...event(id), headers: { connection: "close" } }, account);
        if (status === 202) stored.push(id);
        return status;
      };
      const sendMany = async (): Promise<ReadonlySet<number | undefined>> =>
        new Set(await Promise.all(Array.from({ length: 8 }, send)));
      const untilAll = (status: number): Promise<void> =>
        expect.poll(sendMany, { timeout: 10_000, interval: 200 }).toEqual(new Set([status]));

      await untilAll(202);
      fillTo(dataDir, 90.5);
      await untilAll(503);
      const refused = await fetch(`${url}/api/metrics/event`, { method: "POST", ...event("refused") });
      expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, expect.stringMatching(/^\d+$/)]);
      expect(await refused.json()).toMatchObject({
        error: "log_unavailable",
        message: expect.stringContaining("free space"),
      });
      account.received += 1;
      account.refused["log_unavailable"] = (account.refused["log_unavailable"] ?? 0) + 1;
      const health = async (): Promise<unknown> => (await fetch(`${url}/api/metrics/health`)).json();
      await expect.poll(health, { timeout: 5_000 }).toMatchObject({
        status: "degraded",
        reasons: [expect.stringMatching(/too little free space \(\d\.\d %/)],
      });
      expect((await fetch(`${url}/api/metrics/health`)).status).toBe(503);
      const metricsUrl = /^Metrics +(\S+)$/m.exec(server.output())?.[1] ?? "";
      expect(await readMetric(metricsUrl, "passerby_disk_level")).toBe(2);
      expect(await readMetric(metricsUrl, "passerby_log_accepting")).toBe(0);

      rmSync(join(dataDir, "foreign"));
      await untilAll(202);
      await expect.poll(health, { timeout: 5_000 }).toMatchObject({ status: "healthy", warnings: [] });
      expect((await server.end("SIGTERM")).code).toBe(0);
      const { counts, problems } = await countIds(dataDir);
      expect([[...counts.keys()].sort(), problems]).toEqual([[...stored].sort(), []]);
      const { rows } = await readLedger(dataDir, ALL_TIME);
      const sum = (read: (row: (typeof rows)[number]) => number): number =>
        rows.reduce((all, row) => all + read(row), 0);
      expect([
        sum((row) => row.received),
        sum((row) => row.stored),
        sum((row) => row.refused["log_unavailable"] ?? 0),
      ]).toEqual([account.received, account.stored, account.refused["log_unavailable"]]);
      const told = rows.map((row) => ({ ...row, from: new Date(row.minuteMs).toISOString() }));
      expect((await checkStored(dataDir, told, { ...ALL_TIME, site: null })).differences).toEqual([]);
    }, 60_000);
  },
);
