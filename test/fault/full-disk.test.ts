/** A whole server on a disk that fills up: 503 until there is space, everything else goes on, nothing that was stored is lost. */
import { unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { countIds } from "./log-fixtures.ts";
import { startServerProcess } from "./server-process.ts";
import { hasTmpfs, mountTmpfs } from "./tmpfs.ts";

async function post(url: string, id: string): Promise<Response> {
  const event = { event: "click", visitor_id: "visitor-0001", metadata: { id, text: "x y ".repeat(3_000) } };
  const headers = { "content-type": "application/json" };
  return await fetch(`${url}/api/metrics/event`, { method: "POST", headers, body: JSON.stringify(event) });
}

describe.skipIf(!hasTmpfs)("a server on a full disk [needs tmpfs]", () => {
  it("answers 503 with Retry-After, stays up, and stores again when there is space", async () => {
    const dataDir = mountTmpfs("24m");
    const ballast = join(dataDir, "ballast");
    writeFileSync(ballast, Buffer.alloc(16_777_216));
    const server = startServerProcess(dataDir, ["env", "METRICS_DISK_CRITICAL_PERCENT=100"]);
    const url = await server.url;
    const acked: string[] = [];
    let refused: Response | undefined;
    for (let number = 0; !refused; number++) {
      const answer = await post(url, `a${number}`);
      if (answer.status === 202) acked.push(`a${number}`);
      else refused = answer;
    }
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toMatch(/^\d+$/);
    expect(await refused.json()).toMatchObject({ ok: false, error: "log_unavailable" });
    const health = await fetch(`${url}/api/metrics/health`);
    expect([health.status, await health.json()]).toMatchObject([503, { status: "degraded" }]);
    const snapshot = await fetch(`${url}/api/metrics/behavior`);
    expect([snapshot.status, await snapshot.json()]).toMatchObject([200, { total: Math.min(500, acked.length) }]);

    unlinkSync(ballast);
    await expect.poll(async () => (await post(url, "b")).status, { timeout: 10_000, interval: 200 }).toBe(202);
    expect((await fetch(`${url}/api/metrics/health`)).status).toBe(200);
    const { code } = await server.end("SIGTERM");
    expect(code).toBe(0);
    const { counts, problems } = await countIds(dataDir);
    expect([[...counts.keys()], problems]).toEqual([[...acked, "b"], []]);
    expect([...counts.values()].every((count) => count === 1)).toBe(true);
    expect(acked.length).toBeGreaterThan(20);
  }, 60_000);

  it("says in time that the disk fills up, and names no path to the public", async () => {
    const dataDir = mountTmpfs("24m");
    writeFileSync(join(dataDir, "ballast"), Buffer.alloc(21_000_000));
    const server = startServerProcess(dataDir);
    const health = await fetch(`${await server.url}/api/metrics/health`);
    const answer = await health.text();
    expect(health.status).toBe(200);
    expect(JSON.parse(answer)).toMatchObject({ warnings: [expect.stringMatching(/is 8\d\.\d % full: make room/)] });
    expect(answer).not.toContain(dataDir);
  });
});
