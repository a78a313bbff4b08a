import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { parse } from "csv-parse/sync";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventsOf, makeSampleLog, type SampleLog } from "../../../test/sample-log.ts";
import { systemClock } from "../../clock.ts";
import { encodeLines } from "../../log/write/encode-line.ts";
import { parseFilter } from "./event-filter.ts";
import { type ExportOptions, type ExportReport, exportEvents } from "./export-events.ts";

let log: SampleLog;
let folder = "";

beforeEach(() => {
  log = makeSampleLog();
  folder = mkdtempSync(join(tmpdir(), "passerby-export-test-"));
});

afterEach(() => {
  log.remove();
  rmSync(folder, { recursive: true });
});

async function run(part: Partial<ExportOptions> = {}): Promise<ExportReport & { readonly written: string }> {
  const stdout = new PassThrough();
  const written = text(stdout);
  const report = await exportEvents({
    ...{ dataDir: log.dataDir, format: "jsonl", filter: () => true, out: null, stdout, windowIds: 1000 },
    ...{ clock: systemClock, onProgress: () => undefined },
    ...part,
  });
  stdout.end();
  return { ...report, written: await written };
}

function ids(jsonl: string): readonly number[] {
  const lines = jsonl.split("\n").filter((line) => line !== "");
  return lines.map((line) => Number(JSON.parse(line).event_id.slice(-12)));
}

function shard(name: string, table: string, compress: (text: string) => string | Buffer): void {
  const lines = encodeLines(eventsOf(table), { writer: "w1", start: name.replaceAll(/\W/g, "").slice(0, 20), seq: 0 });
  writeFileSync(join(log.dataDir, name), compress(lines));
}

describe("exportEvents", () => {
  it("reads shards in every form, then what is being written, in the log's order", async () => {
    shard("metrics-2026-11-18.1.jsonl", "10:00 ada page_view /a id=1", (lines) => lines);
    shard("metrics-2026-11-19.1.jsonl.gz", "10:00 ada page_view /b id=2", gzipSync);
    shard("metrics-2026-11-20.1.jsonl.zst", "10:00 ada page_view /c id=3", (lines) => zstdCompressSync(lines));
    log.append(eventsOf("10:05 ada signup - id=4"));
    const { written, ...report } = await run();
    expect(ids(written)).toEqual([1, 2, 3, 4]);
    expect(report).toMatchObject({
      files: 4,
      events: 4,
      duplicates: 0,
      erased: 0,
      newer: 0,
      damaged: 0,
      isComplete: true,
    });
  });

  it("writes what the line holds but for its place in the log", async () => {
    log.append(eventsOf("10:05 ada signup /a id=1 source=google"));
    const line = JSON.parse(readFileSync(join(log.dataDir, "metrics.jsonl"), "utf8"));
    const { seq, writer, start, ...rest } = line;
    expect([seq, writer, start]).toEqual([0, "w1", "start-1"]);
    expect((await run()).written).toBe(`${JSON.stringify(rest)}\n`);
  });

  it("writes an event once that stands in the log twice", async () => {
    log.append(eventsOf("10:05 ada signup - id=1\n10:06 bob signup - id=2"));
    log.append(eventsOf("10:05 ada signup - id=1"), 2);
    const report = await run();
    expect(ids(report.written)).toEqual([1, 2]);
    expect(report).toMatchObject({ events: 2, duplicates: 1 });
  });

  it("remembers as many ids as it is told and no more", async () => {
    log.append(eventsOf("10:05 a e - id=1\n10:05 b e - id=2\n10:05 c e - id=3\n10:05 a e - id=1\n10:05 a e - id=1"));
    expect(ids((await run({ windowIds: 2 })).written)).toEqual([1, 2, 3, 1]);
  });

  it("leaves out and counts erased lines, damaged ones and those of a newer version", async () => {
    log.append(eventsOf("10:05 ada signup - id=1"));
    log.appendText('{"v":1,"writer":"w1","start":"start-1","seq":7,"erased":true}\nnonsense\n{"v":2}\n');
    log.append(eventsOf("10:05 ada signup - id=2"));
    shard("metrics-2026-11-19.1.jsonl.gz", "10:00 ada a - id=3\n10:00 ada a - id=4", (lines) =>
      gzipSync(lines).subarray(0, -9),
    );
    const report = await run();
    expect(ids(report.written)).toEqual(expect.arrayContaining([1, 2]));
    expect(report).toMatchObject({ erased: 1, newer: 1, damaged: 2 });
  });

  it("leaves the last line to its writer while that has no end", async () => {
    log.append(eventsOf("10:05 ada signup - id=1"));
    log.appendText('{"v":1,"writer":"w1","start":"st');
    expect(await run()).toMatchObject({ events: 1, damaged: 0 });
  });

  it("finds a file again that is sealed or compressed between listing and opening it", async () => {
    shard("metrics-2026-11-18.1.jsonl", "10:00 ada page_view /a id=1", (lines) => lines);
    shard("metrics-2026-11-19.1.jsonl", "10:00 ada page_view /b id=2", (lines) => lines);
    log.append(eventsOf("10:05 ada signup - id=3"));
    const name = (file: string): string => join(log.dataDir, file);
    let isMoved = false;
    const filter = (): boolean => {
      if (!isMoved) {
        writeFileSync(
          name("metrics-2026-11-19.1.jsonl.gz"),
          gzipSync(readFileSync(name("metrics-2026-11-19.1.jsonl"))),
        );
        rmSync(name("metrics-2026-11-19.1.jsonl"));
        renameSync(name("metrics.jsonl"), name("metrics-2026-11-20.1.jsonl"));
        isMoved = true;
      }
      return true;
    };
    const report = await run({ filter });
    expect(ids(report.written)).toEqual([1, 2, 3]);
    expect(report).toMatchObject({ files: 3, duplicates: 0 });
  });

  it("gives nothing for an empty log, or for none", async () => {
    expect(await run()).toMatchObject({ files: 0, events: 0, written: "" });
    expect(await run({ dataDir: join(folder, "none") })).toMatchObject({ files: 0, events: 0, written: "" });
  });

  it("tells its progress, forwards and up to the end", async () => {
    log.append(eventsOf("10:05 ada signup -\n".repeat(3000)));
    const seen: number[] = [];
    await run({ onProgress: (share) => seen.push(share) });
    expect(seen.length).toBeGreaterThan(3);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(1);
  });
});

describe("a file of an export", () => {
  it.each(["jsonl", "csv", "parquet"] as const)(
    "is made whole, with mode 0600, and nothing else stays: %s",
    async (format) => {
      log.append(eventsOf("10:05 ada signup - id=1"));
      const out = join(folder, "events");
      writeFileSync(out, "what was there before", { mode: 0o644 });
      await run({ out, format });
      expect(readdirSync(folder)).toEqual(["events"]);
      expect(statSync(out).mode & 0o777).toBe(0o600);
      expect(readFileSync(out, "latin1")).not.toContain("what was there before");
    },
  );

  it("stays as it was when the export fails", async () => {
    log.append(eventsOf("10:05 ada signup - id=1"));
    const out = join(folder, "events");
    writeFileSync(out, "before");
    const filter = (): boolean => {
      throw new Error("stop");
    };
    await expect(run({ out, filter })).rejects.toThrow("stop");
    expect(readdirSync(folder)).toEqual(["events"]);
    expect(readFileSync(out, "utf8")).toBe("before");
  });

  it("is refused inside the data directory and where there is no folder", async () => {
    const refused = { code: "setting_invalid" };
    await expect(run({ out: join(log.dataDir, "metrics.jsonl") })).rejects.toMatchObject(refused);
    await expect(run({ out: join(folder, "none", "x") })).rejects.toMatchObject(refused);
    mkdirSync(join(folder, "sub"));
    await expect(run({ out: join(folder, "sub") })).rejects.toMatchObject(refused);
    expect(existsSync(join(log.dataDir, "metrics.jsonl"))).toBe(false);
  });
});

describe("a filter of an export", () => {
  const TABLE = `
    2026-11-19T23:59:59 ada signup - id=1
    10:00 ada page_view /pricing id=2 browser=Firefox
    10:01 bob page_view /a id=3 site=b.com
    2026-11-21T00:00:00 bob signup /pricing id=4`;

  it.each([
    [["event=signup"], [1, 4]],
    [["event!=signup"], [2, 3]],
    [["url~/pricing"], [2, 4]],
    [["url~/pricing", "event=signup"], [4]],
    [["site=b.com"], [3]],
    [["browser="], [1, 3, 4]],
    [
      ["is_bot=false", "sample_rate=1"],
      [1, 2, 3, 4],
    ],
    [["metadata.path="], [1, 2, 3, 4]],
    [["metadata.constructor="], [1, 2, 3, 4]],
  ])("%j takes %j", async (conditions, expected) => {
    log.append(eventsOf(TABLE));
    const filter = parseFilter(conditions, { from: undefined, to: undefined });
    expect(ids((await run({ filter })).written)).toEqual(expected);
  });

  it.each([
    ["2026-11-20", undefined, [2, 3, 4]],
    [undefined, "2026-11-20", [1, 2, 3]],
    ["2026-11-20", "2026-11-20", [2, 3]],
  ])("from %s to %s, both included, takes %j", async (from, to, expected) => {
    log.append(eventsOf(TABLE));
    expect(ids((await run({ filter: parseFilter([], { from, to }) })).written)).toEqual(expected);
  });

  it.each(["event", "evnt=x", "=x", "metadata=x", "metadata.=x", ""])("refuses %j", (condition) => {
    expect(() => parseFilter([condition], { from: undefined, to: undefined })).toThrow(/is not allowed/);
  });

  it.each([
    ["2026-11-31", undefined],
    ["yesterday", undefined],
    ["2026-11-21", "2026-11-20"],
  ])("refuses days from %s to %s", (from, to) => {
    expect(() => parseFilter([], { from, to })).toThrow(/is no day|is after/);
  });
});

describe("a CSV export", () => {
  it("has a header, CR LF, and metadata as JSON", async () => {
    const [event] = eventsOf("10:05 ada signup /a id=1");
    if (event !== undefined) log.append([{ ...event, metadata: { plan: 'a "b", c', n: -1 } }]);
    const { written } = await run({ format: "csv" });
    const lines = written.split("\r\n");
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^v,event,visitor_id,timestamp,metadata,event_id,site,url,/);
    expect(parse(written, { columns: true })).toMatchObject([
      { v: "1", event: "signup", metadata: '{"plan":"a \\"b\\", c","n":-1}', url: "https://a.com/a", title: "" },
    ]);
  });

  it.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", '=cmd|"/c calc"!A1', "＝1", "＠x"])(
    "lets no spreadsheet take %j for a formula",
    async (title) => {
      const [event] = eventsOf("10:05 ada signup /a id=1");
      if (event !== undefined) log.append([{ ...event, title, event: title }]);
      const { written } = await run({ format: "csv" });
      expect(parse(written, { columns: true })).toMatchObject([{ title: `'${title}`, event: `'${title}` }]);
    },
  );
});
