/** What a container's health check runs: it is content with what works only, and says what does not. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { PAUSE_FILE, writePause } from "../../src/log/rotate/pause.ts";
import { DEPLOY } from "./compose-file.ts";

const dataDir = mkdtempSync(join(tmpdir(), "passerby-healthy-"));

afterAll(() => rmSync(dataDir, { recursive: true }));

async function check(name: string, env: Readonly<Record<string, string>>): Promise<readonly [number | null, string]> {
  const child = spawn(process.execPath, [`${DEPLOY}is-healthy.ts`, name], { stdio: ["ignore", "ignore", "pipe"], env });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  await once(child, "close");
  return [child.exitCode, stderr];
}

/** Checks a collector that gives this answer. */
async function checkAnswer(status: number, body: string): Promise<readonly [number | null, string]> {
  const server = createServer((_request, response) => response.writeHead(status).end(body)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const result = await check("collector", { PORT: String(port) });
  server.close();
  return result;
}

/** Checks a rotator that runs every 300 s and was last done so long ago. */
async function checkRotator(agoSeconds: number | null): Promise<readonly [number | null, string]> {
  const success = agoSeconds === null ? null : new Date(Date.now() - agoSeconds * 1_000).toISOString();
  const record = { last_success: success, flags: { interval_seconds: 300 } };
  writeFileSync(join(dataDir, "rotator.json"), JSON.stringify(record));
  return check("rotator", { METRICS_DATA_DIR: dataDir });
}

it("passes a collector that is healthy", async () => {
  expect(await checkAnswer(200, '{"status":"healthy"}')).toEqual([0, ""]);
});

it.each([
  [503, '{"status":"degraded","reasons":["log"]}'],
  [200, '{"status":"starting"}'],
  [200, "null"],
  [200, "no JSON"],
])("fails a collector that answers %d %s", async (status, body) => {
  expect(await checkAnswer(status, body)).toEqual([1, expect.stringMatching(/^unhealthy: .+\n$/)]);
});

it("fails a collector that is not there", async () => {
  expect(await check("collector", { PORT: "1" })).toEqual([1, expect.stringMatching(/^unhealthy: .+\n$/)]);
});

it("passes a rotator for three intervals after its last success", async () => {
  expect(await checkRotator(890)).toEqual([0, ""]);
  expect(await checkRotator(910)).toEqual([1, expect.stringContaining("limit 900 s ago")]);
});

it.each<[string, string, boolean, number | null, number, number]>([
  ["passes", "is paused, whatever it has done", true, null, -90_000, 0],
  ["passes", "was paused until just now", true, -800_000, -90_000_000, 0],
  ["fails", "was paused until long ago", true, -910_000, -90_000_000, 1],
  ["passes", "was resumed just now", false, null, -800_000, 0],
])("%s a rotator that %s", async (_, _what, paused, untilMs, atMs, code) => {
  const time = (ms: number): string => new Date(Date.now() + ms).toISOString();
  const path = join(dataDir, PAUSE_FILE);
  const who = { uid: 0, user: "root", pid: 1 };
  writePause(dataDir, { paused, until: untilMs === null ? null : time(untilMs), at: time(atMs), who, why: null });
  expect((await checkRotator(null))[0]).toBe(code);
  rmSync(path);
});

it("fails a rotator that has never succeeded", async () => {
  expect(await checkRotator(null)).toEqual([1, expect.stringContaining("the last good run was never")]);
});

it("fails a name that it does not know", async () => {
  expect(await check("edge", {})).toEqual([1, 'unhealthy: give one of collector, rotator, not "edge"\n']);
});
