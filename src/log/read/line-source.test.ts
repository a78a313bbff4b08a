import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { makeEvent } from "../../../test/fault/make-event.ts";
import { listLogFiles } from "../files/log-files.ts";
import { encodeLines } from "../write/encode-line.ts";
import { isStoredEvent } from "./decode-line.ts";
import { measureShard } from "./measure-shard.ts";
import { readBehind } from "./read-behind.ts";
import { openLogFile } from "./read-lines.ts";
import { readNewest } from "./read-newest.ts";

const EVENTS = 3_000;
const LINES = Buffer.from(
  encodeLines(
    Array.from({ length: EVENTS }, (_, index) => makeEvent(String(index), { event: `event-${index}` })),
    { writer: "w1", start: "start", seq: 0 },
  ),
);
const FORMS = [
  ["", (bytes: Buffer) => bytes],
  [".gz", gzipSync],
  [".zst", zstdCompressSync],
] as const;

let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "passerby-source-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true }));
});

function write(ending: string, bytes: Buffer): string {
  const path = join(dataDir, `metrics-2026-11-24.1.jsonl${ending}`);
  writeFileSync(path, bytes);
  return path;
}

async function eventsFrom(path: string, from: number): Promise<readonly string[]> {
  const names: string[] = [];
  const file = await openLogFile(path);
  for await (const { decoded } of file.events(from)) names.push(isStoredEvent(decoded) ? decoded.event : "damaged");
  await file.close();
  return names;
}

describe.each(FORMS)("a shard stored as .jsonl%s", (ending, compress) => {
  it("reads as the same lines, at the same offsets, forwards and again", async () => {
    const path = write(ending, compress(LINES));
    const second = LINES.indexOf("\n") + 1;
    const file = await openLogFile(path);
    expect(file.identity).toBe("w1/start/0");
    await file.close();
    const all = await eventsFrom(path, 0);
    expect(all).toHaveLength(EVENTS);
    expect(await eventsFrom(path, second)).toEqual(all.slice(1));
    expect(await measureShard(path)).toMatchObject({ bytes: LINES.length, lines: EVENTS, first: "w1/start/0" });
  });

  it("is found under the name of the plain file, which it has taken the place of since", async () => {
    write(ending, compress(LINES));
    expect(await eventsFrom(join(dataDir, "metrics-2026-11-24.1.jsonl"), 0)).toHaveLength(EVENTS);
  });

  it("gives its newest events, and those behind a line", async () => {
    write(ending, compress(LINES));
    expect((await readNewest(dataDir, 2)).map(({ event }) => event)).toEqual(["event-2998", "event-2999"]);
    const behind: string[] = [];
    for await (const { event } of readBehind(dataDir, 1, { start: "start", seq: 2_990 })) behind.push(event);
    expect(behind).toEqual(Array.from({ length: 9 }, (_, index) => `event-${2_991 + index}`));
  });

  it("is listed once while it is there in a second form, too", async () => {
    write(ending, compress(LINES));
    write("", LINES);
    expect((await listLogFiles(dataDir)).map(({ name }) => name)).toEqual(["metrics-2026-11-24.1.jsonl"]);
  });
});

describe("a compressed shard that is cut off", () => {
  it("gives the lines before the cut, and is known to be damaged", async () => {
    const path = write(".gz", gzipSync(LINES));
    truncateSync(path, gzipSync(LINES).length - 100);
    const file = await openLogFile(path);
    let events = 0;
    for await (const _ of file.events(0)) events += 1;
    expect(events).toBeGreaterThan(0);
    expect(events).toBeLessThan(EVENTS);
    expect(file.damage()).toMatch(/unexpected end of file/);
    await file.close();
    await expect(measureShard(path)).rejects.toMatchObject({ code: "log_damaged" });
  });
});
