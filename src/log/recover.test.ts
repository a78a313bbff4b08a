/** What a start makes of the files that an earlier one left, wherever that one was cut off. */
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { idOf, makeFolder, readLog, recover } from "../../test/fault/log-fixtures.ts";
import { startLogProcess } from "../../test/fault/log-process.ts";
import { makeEvent } from "../../test/fault/make-event.ts";
import { isLong, strace } from "../../test/means.ts";
import { removeLeftovers } from "./files/leftovers.ts";
import { encodeLines } from "./write/encode-line.ts";

function makeLines(ids: readonly string[], receivedAt = "2026-11-23T09:00:00.000Z"): string {
  return encodeLines(
    ids.map((id) => makeEvent(id, { receivedAt })),
    { writer: "w1", start: "s", seq: 0 },
  );
}

function listTorn(dataDir: string): readonly string[] {
  return readdirSync(dataDir).filter((name) => name.startsWith("metrics-torn-"));
}

describe("a start", () => {
  it("keeps every whole line of a file that was cut at any byte, and moves the rest of the last one away", async () => {
    const ids = ["1", "2", "3"];
    const content = Buffer.from(makeLines(ids));
    const cuts = isLong ? [...content.keys()] : [0, 1, 2, content.length - 2, content.length - 1, content.length];
    const cut = fc.oneof(fc.integer({ min: 0, max: content.length }), fc.constantFrom(...cuts));
    await fc.assert(
      fc.asyncProperty(cut, async (bytes) => {
        const dataDir = makeFolder();
        writeFileSync(join(dataDir, "metrics.jsonl"), content.subarray(0, bytes));
        recover(dataDir);
        const wholeBytes = content.subarray(0, bytes).lastIndexOf("\n") + 1;
        const whole = ids.slice(0, content.subarray(0, bytes).toString().split("\n").length - 1);
        const { events, problems } = await readLog(dataDir);
        expect(events.map(idOf)).toEqual(whole);
        expect(problems).toEqual([]);
        const torn = listTorn(dataDir).map((name) => readFileSync(join(dataDir, name)).toString());
        expect(torn).toEqual(bytes === wholeBytes ? [] : [content.subarray(wholeBytes, bytes).toString()]);
        expect(readFileSync(join(dataDir, "metrics.jsonl"), "utf8")).toBe("");
      }),
      { numRuns: isLong ? 1_000 : 60 },
    );
  });

  it("names a shard for the day its first event was received, and takes the next free number", async () => {
    const dataDir = makeFolder();
    const path = join(dataDir, "metrics.jsonl");
    for (const id of ["1", "2"]) {
      writeFileSync(
        path,
        `damaged\n${makeLines([id], "2026-11-20T23:59:59.999Z")}${makeLines(["x"], "2026-11-21T00:00:00.000Z")}`,
      );
      recover(dataDir);
    }
    writeFileSync(join(dataDir, "metrics-2026-11-20.3.jsonl.gz"), "");
    writeFileSync(path, makeLines(["3"], "2026-11-20T00:00:00.000Z"));
    recover(dataDir);
    const names = (await readLog(dataDir)).files.map((file) => file.name);
    expect(names).toEqual([
      "metrics-2026-11-20.1.jsonl",
      "metrics-2026-11-20.2.jsonl",
      "metrics-2026-11-20.3.jsonl.gz",
      "metrics-2026-11-20.4.jsonl",
      "metrics.jsonl",
    ]);
  });

  it("names a file without an event for the day it was last changed", () => {
    const dataDir = makeFolder();
    writeFileSync(join(dataDir, "metrics.jsonl"), "by hand\n");
    utimesSync(join(dataDir, "metrics.jsonl"), new Date("2026-01-02T03:04:05Z"), new Date("2026-01-02T03:04:05Z"));
    recover(dataDir);
    expect(readFileSync(join(dataDir, "metrics-2026-01-02.1.jsonl"), "utf8")).toBe("by hand\n");
  });

  it("makes no shard of an empty file", () => {
    const dataDir = makeFolder();
    recover(dataDir);
    recover(dataDir);
    expect(readdirSync(dataDir)).toEqual(["metrics.jsonl"]);
    expect(statSync(join(dataDir, "metrics.jsonl")).mode & 0o777).toBe(0o600);
  });

  it("completes a seal that left two names of one file", async () => {
    const dataDir = makeFolder();
    writeFileSync(join(dataDir, "metrics.jsonl"), makeLines(["1"]));
    linkSync(join(dataDir, "metrics.jsonl"), join(dataDir, "metrics-2026-11-23.5.jsonl"));
    recover(dataDir);
    const { files, events } = await readLog(dataDir);
    expect(files.map((file) => file.name)).toEqual(["metrics-2026-11-23.5.jsonl", "metrics.jsonl"]);
    expect(events.map(idOf)).toEqual(["1"]);
  });

  it("seals a file that has a second name elsewhere, a backup by link", async () => {
    const dataDir = makeFolder();
    mkdirSync(join(dataDir, "backup"));
    writeFileSync(join(dataDir, "metrics.jsonl"), makeLines(["1"]));
    linkSync(join(dataDir, "metrics.jsonl"), join(dataDir, "backup", "metrics.jsonl"));
    recover(dataDir);
    expect((await readLog(dataDir)).events.map(idOf)).toEqual(["1"]);
    expect(existsSync(join(dataDir, "metrics-2026-11-23.1.jsonl"))).toBe(true);
  });

  it("counts two starts that tore the same few bytes as two torn lines", () => {
    const dataDir = makeFolder();
    for (const time of [1, 2]) {
      writeFileSync(join(dataDir, "metrics.jsonl"), '{"v":1');
      recover(dataDir);
      expect(listTorn(dataDir)).toHaveLength(time);
    }
  });

  it("takes temporary files of a killed process away, and leaves an import that is running", () => {
    const dataDir = makeFolder();
    const now = Date.now();
    const old = [
      "metrics-torn-w1.tmp",
      "metrics.jsonl.probe.tmp",
      "metrics.w2.jsonl.probe.tmp",
      "metrics-import-a.x-1.tmp",
      "metrics-2026-11-23.1.jsonl.gz.repair.tmp",
      "rotation-pause.json.4711.tmp",
    ];
    const kept = [
      "metrics-import-b.y_2.tmp",
      "metrics-torn-w1.2.repair.tmp",
      "metrics.jsonl.tmp",
      "notes.tmp",
      "rotation-pause.json.1.tmp",
    ];
    for (const name of [...old, ...kept]) writeFileSync(join(dataDir, name), "x");
    for (const name of old.slice(-3)) utimesSync(join(dataDir, name), 0, 0);
    removeLeftovers(dataDir, now);
    expect(readdirSync(dataDir).toSorted()).toEqual(kept.toSorted());
  });

  it("refuses a symbolic link in place of the active file and leaves its target alone", () => {
    const dataDir = makeFolder();
    writeFileSync(join(dataDir, "target"), "torn");
    symlinkSync(join(dataDir, "target"), join(dataDir, "metrics.jsonl"));
    expect(() => recover(dataDir)).toThrow(expect.objectContaining({ code: "data_dir_unusable" }));
    expect(readFileSync(join(dataDir, "target"), "utf8")).toBe("torn");
  });
});

describe.skipIf(!strace)("a start that is killed [needs strace]", () => {
  // In the order in which a start makes them; strace counts by thread and kills before the call is made.
  const points = [
    "rename:1",
    "fsync:1",
    "fsync:2",
    "ftruncate:1",
    "fsync:3",
    "fsync:4",
    "link:1",
    "fsync:5",
    "unlink:1",
    "fsync:6",
  ];

  it.each(points)("before its %s (call and number) is completed by the next one", async (point) => {
    const [call, when] = point.split(":");
    const dataDir = makeFolder();
    writeFileSync(join(dataDir, "metrics.jsonl"), `${makeLines(["1", "2"])}{"torn`);
    const killed = await startLogProcess(dataDir, { fault: `${call}:signal=SIGKILL:when=${when}` });
    expect(killed.first).toBeUndefined();
    const next = await startLogProcess(dataDir);
    expect(next.first?.opened).toMatchObject({ accepting: true, tornLines: 1 });
    expect(await next.append(["3"])).toBe(true);
    const { events, problems } = await readLog(dataDir);
    expect([events.map(idOf), problems]).toEqual([["1", "2", "3"], []]);
    expect(listTorn(dataDir).map((name) => readFileSync(join(dataDir, name), "utf8"))).toEqual(['{"torn']);
    expect(await next.close()).toBe(0);
    expect(readdirSync(dataDir).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });
});
