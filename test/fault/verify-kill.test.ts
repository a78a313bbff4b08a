/** Repairs that are killed behind each of their steps: nothing is lost, and the next repair ends as one that was not killed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { listLogFiles } from "../../src/log/files/log-files.ts";
import { isStoredEvent } from "../../src/log/read/decode-line.ts";
import { readEvents } from "../../src/log/read/read-lines.ts";
import { repairLog } from "../../src/log/repair/repair-log.ts";
import { REPAIR_STEPS } from "../../src/log/repair/repair-shard.ts";
import { makeFolder } from "./log-fixtures.ts";
import {
  measureAll,
  readShardLines,
  SHARD,
  storeAs,
  verify,
  writeLogFiles,
  writeShardLines,
} from "./verify-fixtures.ts";

const REPAIRING = fileURLToPath(new URL("./repairing.ts", import.meta.url));
const GZIPPED = "metrics-2026-11-23.3.jsonl";
const FOREIGN = "foreign text in the middle\n";
/** The first step is once a run, the others once for each of the two shards. */
const STEPS = 1 + 2 * (REPAIR_STEPS.length - 1);

const made = mkdtempSync(join(tmpdir(), "passerby-verify-"));
let cutOff: Buffer;
let expected: readonly string[];

beforeAll(async () => {
  await writeLogFiles(made, 30);
  await measureAll(made);
  const lines = readShardLines(made, SHARD);
  writeShardLines(made, SHARD, [...lines.slice(0, 9), Buffer.from(FOREIGN), ...lines.slice(10)]);
  const gz = join(made, storeAs(made, GZIPPED, "gzip"));
  cutOff = readFileSync(gz).subarray(0, -60);
  writeFileSync(gz, cutOff);
  expected = await readIds(made);
});
afterAll(() => rmSync(made, { recursive: true }));

async function readIds(dataDir: string): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const { path } of await listLogFiles(dataDir)) {
    for await (const { decoded } of readEvents(path)) if (isStoredEvent(decoded)) ids.push(decoded.eventId);
  }
  return ids;
}

/** Contents of quarantine, which name what they hold. */
function readAside(dataDir: string): readonly Buffer[] {
  const names = readdirSync(dataDir).filter((name) => name.startsWith("metrics-torn-") && name.endsWith(".jsonl"));
  return names.sort().map((name) => readFileSync(join(dataDir, name)));
}

async function repairUntil(dataDir: string, steps: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, [REPAIRING, dataDir, String(steps)], { stdio: ["ignore", "pipe", "inherit"] });
  const [out, [, signal]] = await Promise.all([text(child.stdout), once(child, "close")]);
  expect(signal).toBe("SIGKILL");
  return out.trim().split("\n");
}

it.each(Array.from({ length: STEPS }, (_, index) => index + 1))(
  "a repair that is killed behind step %i has lost nothing, and the next one completes it",
  async (steps) => {
    const dataDir = makeFolder();
    cpSync(made, dataDir, { recursive: true });
    const done = await repairUntil(dataDir, steps);
    expect(done).toHaveLength(steps);
    expect(await readIds(dataDir)).toEqual(expected);
    const somewhere = [
      ...readAside(dataDir),
      readFileSync(join(dataDir, SHARD)),
      readFileSync(join(dataDir, `${GZIPPED}.gz`)),
    ];
    expect(somewhere.some((bytes) => bytes.includes(FOREIGN))).toBe(true);
    expect(somewhere.some((bytes) => bytes.equals(cutOff))).toBe(true);
    const kinds = (await verify(dataDir)).damage.map(({ kind }) => kind);
    expect(["not_json", "breaks_off"]).toEqual(expect.arrayContaining(kinds)); // No damage that the kill has made.

    await repairLog({ dataDir, clock: systemClock, accept: false });
    expect(await verify(dataDir)).toMatchObject({ damaged: 0, notes: [] });
    expect(await readIds(dataDir)).toEqual(expected);
    expect(readAside(dataDir).map(String)).toEqual([FOREIGN, String(cutOff)]);
    expect(readdirSync(dataDir).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  },
  60_000,
);
