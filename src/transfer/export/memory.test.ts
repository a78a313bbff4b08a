import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isLong } from "../../../test/means.ts";
import { eventsOf } from "../../../test/sample-log.ts";
import { COMMAND } from "../../../test/support/command.ts";
import { encodeLines } from "../../log/write/encode-line.ts";

const TELL = `data:text/javascript,process.on("exit",()=>console.error("RSS="+process.resourceUsage().maxRSS/1024))`;

/** Of the process: heap, DuckDB's 400 MiB and the ids remembered; the log below has more. */
const MAX_MEGABYTES = 900;
const EVENTS = 1_000_000;
const BATCH = 1000;

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "passerby-memory-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the command and returns the most memory that it had, in MiB. */
async function run(...args: readonly string[]): Promise<number> {
  const env = { PATH: process.env["PATH"], METRICS_DATA_DIR: join(folder, "data") };
  const child = spawn(process.execPath, ["--import", TELL, COMMAND, ...args], { env, cwd: folder });
  const [err, out, [code]] = await Promise.all([text(child.stderr), text(child.stdout), once(child, "exit")]);
  expect({ code, out, err }).toMatchObject({ code: 0 });
  return Number(/RSS=([\d.]+)/.exec(err)?.[1]);
}

describe("a Parquet file of others, with rows as wide as an event may be", () => {
  /** Of rows of 15 KB, DuckDB's first page, 100 MB, takes some 7,000. */
  const WIDE_ROWS = 7_500;
  const MAX_WIDE_MEGABYTES = 512;

  /** Writes them as one row group, as DuckDB does. */
  async function writeWideRows(path: string): Promise<void> {
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    await connection.run(`COPY (SELECT 1 AS v, 'e' AS event, 'visitor' AS visitor_id, uuid() AS event_id, 'a.com' AS site,
      TIMESTAMP '2026-11-20' AS timestamp, TIMESTAMP '2026-11-20' AS received_at, 1 AS sample_rate,
      1 AS server_sample_rate, 'desktop' AS device, false AS is_bot, {text: i || repeat('x', 15000)}::JSON AS metadata
      FROM range(${WIDE_ROWS}) AS rows(i)) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 122880)`);
    connection.closeSync();
    instance.closeSync();
  }

  it("is imported in 512 MiB", async () => {
    await writeWideRows(join(folder, "wide"));
    expect(await run("import", "parquet", "wide", "--data-dir", "of-wide")).toBeLessThan(MAX_WIDE_MEGABYTES);
    const shard = readFileSync(join(folder, "of-wide", "metrics-import-wide-1.jsonl"), "utf8");
    expect(shard.split("\n")).toHaveLength(WIDE_ROWS + 1);
  }, 60_000);
});

describe.skipIf(!isLong)("a log of a million events [needs long]", () => {
  beforeAll(() => {
    mkdirSync(join(folder, "data"));
    const [event] = eventsOf("10:00 ada page_view /a source=google browser=Firefox");
    if (event === undefined) return;
    for (let seq = 0; seq < EVENTS; seq += BATCH) {
      const idOf = (index: number): string => `00000000-0000-7000-8000-${String(seq + index).padStart(12, "0")}`;
      const batch = Array.from({ length: BATCH }, (_, index) => ({
        ...event,
        eventId: idOf(index),
        title: "t".repeat(200),
      }));
      const lines = encodeLines(batch, { writer: "w1", start: "start-1", seq });
      appendFileSync(join(folder, "data", "metrics-2026-11-20.1.jsonl"), lines);
    }
  }, 300_000);

  it.each(["jsonl", "csv", "parquet"])(
    "is exported and imported in bounded memory: %s",
    { timeout: 600_000 },
    async (format) => {
      expect(await run("export", "--format", format, "--out", "events")).toBeLessThan(MAX_MEGABYTES);
      if (format === "csv") return;
      expect(await run("import", format, "events", "--data-dir", format)).toBeLessThan(MAX_MEGABYTES);
    },
  );
});
