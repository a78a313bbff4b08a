import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isLong } from "../../../test/means.ts";
import { eventsOf } from "../../../test/sample-log.ts";
import { COMMAND } from "../../../test/support/command.ts";
import { encodeLines } from "../../log/write/encode-line.ts";

const TELL = `data:text/javascript,process.on("exit",()=>console.error("RSS="+process.resourceUsage().maxRSS/1024))`;

/** Of the process: heap, DuckDB's 512 MiB and the ids remembered; the log below has more. */
const MAX_MEGABYTES = 900;
const EVENTS = 1_000_000;
const BATCH = 1000;

let folder = "";

describe.skipIf(!isLong)("a log of a million events [needs long]", () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "passerby-memory-"));
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

  afterAll(() => rmSync(folder, { recursive: true }));

  async function run(...args: readonly string[]): Promise<number> {
    const env = { PATH: process.env["PATH"], METRICS_DATA_DIR: join(folder, "data") };
    const child = spawn(process.execPath, ["--import", TELL, COMMAND, ...args], { env, cwd: folder });
    const [err, out, [code]] = await Promise.all([text(child.stderr), text(child.stdout), once(child, "exit")]);
    expect({ code, out, err }).toMatchObject({ code: 0 });
    return Number(/RSS=([\d.]+)/.exec(err)?.[1]);
  }

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
