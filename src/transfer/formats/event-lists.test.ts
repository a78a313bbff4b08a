import { mkdtempSync, readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hasTmpfs, mountTmpfs } from "../../../test/fault/tmpfs.ts";
import { isLong } from "../../../test/means.ts";
import { eventsOf } from "../../../test/sample-log.ts";
import { systemClock } from "../../clock.ts";
import type { AcceptedEvent, StoredEvent } from "../../event.ts";
import { decodeLine, isStoredEvent } from "../../log/read/decode-line.ts";
import { encodeLines } from "../../log/write/encode-line.ts";
import { exportEvents } from "../export/export-events.ts";
import type { DatasetImport } from "../import-dataset.ts";
import { importJsonLines, importParquet, type ListReport } from "./event-lists.ts";

let folder = "";
let dataDir = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "passerby-lists-"));
  dataDir = join(folder, "data");
});

afterEach(() => rmSync(folder, { recursive: true }));

const IMPORTS = { jsonl: importJsonLines, parquet: importParquet } as const;
type Format = keyof typeof IMPORTS;

function optionsOf(path: string, part: Partial<DatasetImport> = {}): DatasetImport {
  return {
    ...{ path, dataDir, stdin: Readable.from([]), dataset: "moved", keepDays: undefined, clock: systemClock },
    ...{ site: { name: "example.com", hosts: ["www.example.com"] }, onProgress: () => undefined },
    ...part,
  };
}

function save(content: string | Buffer, name = "events.jsonl"): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

async function exportTo(name: string, format: Format, from = dataDir): Promise<string> {
  const out = join(folder, name);
  await exportEvents({
    ...{ dataDir: from, format, out, filter: () => true, stdout: new PassThrough(), windowIds: 100_000 },
    ...{ clock: systemClock, onProgress: () => undefined },
  });
  return out;
}

/** Makes a data directory whose log holds these events, in all forms of a file. */
function makeLog(events: readonly AcceptedEvent[]): string {
  const from = mkdtempSync(join(folder, "from-"));
  const third = Math.ceil(events.length / 3);
  const linesOf = (index: number): string =>
    encodeLines(events.slice(index * third, (index + 1) * third), { writer: "w1", start: `start-${index}`, seq: 0 });
  writeFileSync(join(from, "metrics-2026-11-18.1.jsonl.gz"), gzipSync(linesOf(0)));
  writeFileSync(join(from, "metrics-2026-11-19.1.jsonl.zst"), zstdCompressSync(linesOf(1)));
  writeFileSync(join(from, "metrics.jsonl"), linesOf(2));
  return from;
}

function stored(): readonly StoredEvent[] {
  const shards = readdirSync(dataDir).filter((name) => name.endsWith(".jsonl"));
  const lines = shards.sort().flatMap((name) => readFileSync(join(dataDir, name), "utf8").trim().split("\n"));
  const events = lines.map((text) => decodeLine(text)).filter(isStoredEvent);
  expect(events).toHaveLength(lines.length);
  return events;
}

const TABLE =
  "10:00 ada page_view /a source=google browser=Firefox\n10:01 bob signup - p=0.5 site=b.com session=abcdef";

describe("an import of our own export", () => {
  it.each(["jsonl", "parquet"] as const)("gives back what was exported: %s", async (format) => {
    const events = eventsOf(TABLE);
    const file = await exportTo("one", format, makeLog(events));
    expect(await IMPORTS[format](optionsOf(file))).toMatchObject({
      ...{ lines: 2, events: 2, added: 2, alreadyPresent: 0, badLines: 0, sites: ["a.com", "b.com"] },
      ...{ shard: "metrics-import-moved-1.jsonl", dataset: "moved" },
    });
    expect(stored()).toMatchObject(events);
    expect(stored().map(({ writer }) => writer)).toEqual(["import-moved", "import-moved"]);
  });

  it.each(["jsonl", "parquet"] as const)("adds nothing the second time, under any name: %s", async (format) => {
    const file = await exportTo("one", format, makeLog(eventsOf(TABLE)));
    await IMPORTS[format](optionsOf(file));
    const again = save(readFileSync(file), "other");
    for (const dataset of ["moved", "elsewhere"]) {
      expect(await IMPORTS[format](optionsOf(again, { dataset }))).toMatchObject({
        ...{ events: 2, added: 0, alreadyPresent: 2, shard: null },
      });
    }
    expect(stored()).toHaveLength(2);
  });

  it.each(["jsonl", "parquet"] as const)(
    "adds nothing where the first was killed before its record: %s",
    async (format) => {
      const file = await exportTo("one", format, makeLog(eventsOf(TABLE)));
      await IMPORTS[format](optionsOf(file));
      unlinkSync(join(dataDir, "metrics-import-moved.json"));
      expect(await IMPORTS[format](optionsOf(file))).toMatchObject({ added: 0, alreadyPresent: 2 });
    },
  );

  it("takes the lines of a log, wherever they stood in it", async () => {
    const lines = encodeLines(eventsOf(TABLE), { writer: "w7", start: "there", seq: 9 });
    await importJsonLines(optionsOf(save(gzipSync(lines))));
    expect(stored()).toMatchObject(eventsOf(TABLE));
  });

  it.each([
    ['{"v":2}', "the line has version 2, this program reads 1"],
    ['{"v":1}', "must have required properties"],
    ['{"v":1,"erased":true}', "the event was erased"],
  ])("counts %s as bad", async (line, reason) => {
    const report = await importJsonLines(optionsOf(save(`${line}\n`)));
    expect(report).toMatchObject({ lines: 1, events: 0, added: 0, badLines: 1, shard: null });
    expect(report.firstBadLines[0]?.reason).toContain(reason);
  });
});

describe("export, import, export", () => {
  const text = (max: number): fc.Arbitrary<string> => fc.string({ maxLength: max, unit: "binary" });
  const time = fc
    .date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true })
    .map((date) => date.toISOString());
  const rate = fc.double({ min: Number.MIN_VALUE, max: 1, noNaN: true });
  const event: fc.Arbitrary<AcceptedEvent> = fc.record(
    {
      event: text(64),
      visitorId: text(64),
      timestamp: time,
      metadata: fc.dictionary(text(9), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5, noNullPrototype: true }),
      eventId: fc.uuid(),
      site: text(20),
      url: text(50),
      referrer: text(50),
      title: text(50),
      sessionId: text(20),
      sampleRate: rate,
      bucket: fc.constant("page" as const),
      receivedAt: time,
      serverSampleRate: rate,
      clock: fc.constantFrom("clamped" as const, "corrected" as const),
      browser: text(9),
      device: fc.constantFrom("desktop" as const, "bot" as const, "unknown" as const),
      country: fc.constant("FR"),
      source: text(9),
      isBot: fc.boolean(),
    },
    {
      requiredKeys: [
        ...(["event", "visitorId", "timestamp", "metadata", "eventId", "site"] as const),
        ...(["sampleRate", "receivedAt", "serverSampleRate", "device", "isBot"] as const),
      ],
    },
  );

  it.each(["jsonl", "parquet"] as const)(
    "gives the same events, byte for byte, through %s",
    { timeout: 60_000 },
    async (format) => {
      const runs = (isLong ? 20 : 1) * (format === "jsonl" ? 25 : 10);
      const distinct = fc.uniqueArray(event, { minLength: 1, maxLength: 30, selector: ({ eventId }) => eventId });
      await fc.assert(
        fc.asyncProperty(distinct, async (events) => {
          rmSync(dataDir, { recursive: true, force: true });
          const from = makeLog(events);
          const report = await IMPORTS[format](optionsOf(await exportTo("file", format, from)));
          expect(report).toMatchObject({ added: events.length, badLines: 0 });
          const [before, after] = [await exportTo("before", "jsonl", from), await exportTo("after", "jsonl")];
          expect(readFileSync(after, "utf8")).toBe(readFileSync(before, "utf8"));
        }),
        { numRuns: runs },
      );
    },
  );
});

describe("an import of events that others wrote", () => {
  const AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
  const FULL = {
    ...{ event: " signup ", visitor_id: "user-4711", timestamp: "2001-02-03T04:05:06+01:00", session_id: "session-9" },
    ...{ metadata: { mail: "jo@example.org", plan: "pro" }, url: "https://www.example.com/a?utm_source=news&id=7#x" },
    ...{ referrer: "https://search.example/?q=secret", title: "Ask jo@example.org", user_agent: AGENT, screen: "9x9" },
    ...{ event_id: "00000000-0000-7000-8000-000000000001", sample_rate: 0.25, language: "en-GB" },
  };

  function run(...records: readonly unknown[]): Promise<ListReport> {
    return importJsonLines(optionsOf(save(records.map((record) => `${JSON.stringify(record)}\n`).join(""))));
  }

  it("scrubs and classifies them as the collector does, and hides who it was", async () => {
    expect(await run(FULL)).toMatchObject({ added: 1, badLines: 0 });
    expect(stored()).toMatchObject([
      {
        ...{ event: "signup", timestamp: "2001-02-03T03:05:06.000Z", receivedAt: "2001-02-03T03:05:06.000Z" },
        ...{ site: "example.com", metadata: { mail: "[redacted]", plan: "pro" }, title: "Ask [redacted]" },
        ...{ url: "https://www.example.com/a?utm_source=news", referrer: "https://search.example/", source: "news" },
        ...{ browser: "Chrome", os: "Linux", device: "desktop", isBot: false, screen: "9x9", language: "en-GB" },
        ...{ eventId: FULL.event_id, sampleRate: 0.25, serverSampleRate: 1 },
      },
    ]);
    for (const name of readdirSync(dataDir)) {
      expect(readFileSync(join(dataDir, name), "utf8")).not.toMatch(/4711|session-9|Mozilla|jo@/);
    }
  });

  it("knows a visitor again on the same day, not on another, nor in another import", async () => {
    const at = (timestamp: string): unknown => ({ event: "a", visitor_id: "user-4711", timestamp });
    await run(at("2001-02-03T04:00:00Z"), at("2001-02-03T05:00:00Z"), at("2001-02-04T05:00:00Z"));
    await importJsonLines(optionsOf(save(`${JSON.stringify(at("2001-02-03T06:00:00Z"))}\n`), { dataset: "more" }));
    const [elsewhere, first, second, third] = stored().map(({ visitorId }) => visitorId);
    expect(second).toBe(first);
    expect(new Set([first, third, elsewhere]).size).toBe(3);
  });

  it("gives those without an id one of the file and the line, and adds what a longer file has more", async () => {
    const line = '{"event":"a","visitor_id":"user-4711","timestamp":"2001-02-03T04:00:00Z"}\n';
    await importJsonLines(optionsOf(save(line)));
    expect(await importJsonLines(optionsOf(save(line + line)))).toMatchObject({ added: 1, alreadyPresent: 1 });
    const ids = stored().map(({ eventId }) => eventId);
    expect(new Set(ids).size).toBe(2);
    expect(ids.every((id) => /^.{14}8/.test(id))).toBe(true);
  });

  it("reports bad lines by number and reason, and never what they held", async () => {
    const { user_agent, ...rest } = FULL;
    const bad: readonly (readonly [unknown, string])[] = [
      ["canary", "is not a JSON object"],
      [{ ...rest, event: "canary".repeat(20) }, "/event must be 1 to 64 characters"],
      [{ ...rest, device: "canary" }, "has a field that is none of an event: put fields of your own into metadata"],
      [{ ...rest, timestamp: "canary" }, "/timestamp must be an ISO 8601 date and time with an offset"],
      [{ ...rest, url: "canary" }, "/url must be an absolute http or https URL"],
      [{ ...rest, referrer: "canary" }, "/referrer must be an absolute URL"],
      [{ ...rest, metadata: { a: "canary".repeat(3000) } }, "/metadata is 18008 bytes, limit 16384: shorten it"],
      [{ event: "canary" }, "/timestamp or /visitor_id is missing: both are needed"],
    ];
    const report = await run(...bad.map(([record]) => record), FULL);
    expect(report).toMatchObject({ lines: 9, events: 1, badLines: 8 });
    expect(report.firstBadLines).toEqual(bad.map(([, reason], index) => ({ line: index + 1, reason })));
  });

  it("takes a line of a megabyte for bad and goes on", async () => {
    const report = await importJsonLines(
      optionsOf(save(`"${"x".repeat(1_100_000)}"\n{nonsense\n${JSON.stringify(FULL)}`)),
    );
    expect(report).toMatchObject({ lines: 3, events: 1, badLines: 2 });
  });
});

describe("a Parquet file that others wrote", () => {
  async function make(select: string): Promise<string> {
    const path = join(folder, "made.parquet");
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    await connection.run(`COPY (${select}) TO '${path}' (FORMAT parquet)`);
    connection.closeSync();
    instance.closeSync();
    return path;
  }

  it("may have times, structures and missing values as columns of their kinds", async () => {
    const path = await make(`SELECT 'signup' AS event, 'user-4711' AS visitor_id, {plan: 'pro', n: 1} AS metadata,
      TIMESTAMPTZ '2001-02-03 04:05:06.5+00' AS timestamp, NULL::VARCHAR AS title, 0.5::FLOAT AS sample_rate,
      UUID '00000000-0000-7000-8000-000000000001' AS event_id`);
    expect(await importParquet(optionsOf(path))).toMatchObject({ lines: 1, added: 1, badLines: 0 });
    expect(stored()).toMatchObject([
      { event: "signup", metadata: { plan: "pro", n: 1 }, timestamp: "2001-02-03T04:05:06.500Z", sampleRate: 0.5 },
    ]);
  });

  it("is imported whole or not at all: damage in its middle is no end", async () => {
    const path = await make(`SELECT 'e' AS event, 'user-4711' AS visitor_id, '2001-02-03T04:05:06Z' AS timestamp,
      {text: repeat(md5(i::VARCHAR), 8)}::JSON AS metadata FROM range(300000) AS rows(i)`);
    const bytes = readFileSync(path);
    const middle = Math.floor(bytes.length / 2);
    bytes.fill(0xff, middle, middle + 65_536);
    writeFileSync(path, bytes);
    const refused = { code: "input_unreadable", message: expect.stringContaining("made.parquet cannot be imported: ") };
    await expect(importParquet(optionsOf(path))).rejects.toMatchObject(refused);
    expect(readdirSync(dataDir).filter((name) => name.startsWith("metrics-"))).toEqual([]);
  }, 60_000);

  it.skipIf(!hasTmpfs)("says so where there is no room for its rows [needs tmpfs]", async () => {
    const path = await make(`SELECT 'e' AS event, 'user-4711' AS visitor_id, '2001-02-03T04:05:06Z' AS timestamp,
      {text: repeat('x', 10000)}::JSON AS metadata FROM range(500)`);
    const small = mountTmpfs("1m");
    const message = expect.stringMatching(/has no room for the rows of .*No space left on device/);
    const refused = { code: "data_dir_unusable", message };
    await expect(importParquet(optionsOf(path, { dataDir: small }))).rejects.toMatchObject(refused);
    expect(readdirSync(small)).toEqual([]);
  });

  it("counts bad rows by number", async () => {
    const path = await make(
      "SELECT 'e' AS event, 'user-4711' AS visitor_id, '2001-02-03T04:05:06Z' AS timestamp, '[' AS metadata",
    );
    expect(await importParquet(optionsOf(path))).toMatchObject({
      ...{ lines: 1, added: 0, badLines: 1, firstBadLines: [{ line: 1, reason: "is not a JSON object" }] },
    });
  });

  it.each([
    ["is no Parquet", async () => save("hello", "made.parquet"), /cannot be imported/],
    ["has a column that is no field", () => make("SELECT 1 AS evnt"), /its column evnt is no field of an event/],
    ["comes through a pipe", async () => "-", /name a file, not standard input/],
    ["is not there", async () => join(folder, "none"), /there is no such file/],
  ])("is refused when it %s", async (_, path, message) => {
    const refused = { code: "input_unreadable", message: expect.stringMatching(message) };
    await expect(importParquet(optionsOf(await path()))).rejects.toMatchObject(refused);
    const names = (): readonly string[] => (readdirSync(folder).includes("data") ? readdirSync(dataDir) : []);
    expect(names()).toEqual([]);
  });
});
