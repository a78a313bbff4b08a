import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeLines } from "../src/log/write/encode-line.ts";
import { eventsOf } from "../test/sample-log.ts";
import { COMMAND } from "../test/support/command.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "passerby-cmd-"));
  mkdirSync(join(folder, "data"));
});

afterEach(() => rmSync(folder, { recursive: true }));

type Ran = { readonly code: unknown; readonly out: string; readonly err: string };

async function run(...args: readonly string[]): Promise<Ran> {
  const env = { PATH: process.env["PATH"], METRICS_SITES: "a.com,b.com", METRICS_DATA_DIR: join(folder, "data") };
  const child = spawn(process.execPath, [COMMAND, ...args], { env, cwd: folder });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { code, out, err: err.replaceAll(/\d+\.\d s/g, "T s") };
}

function log(table: string, more = ""): void {
  const lines = encodeLines(eventsOf(table), { writer: "w1", start: "start-1", seq: 0 });
  writeFileSync(join(folder, "data", "metrics.jsonl"), lines + more);
}

describe("passerby export", () => {
  it("writes events to standard output and what it did to standard error", async () => {
    log("10:00 ada signup - site=a.com\n10:01 bob signup - site=b.com\n10:02 bob page_view /a site=b.com");
    const { code, out, err } = await run("export", "--site", "B.com", "--filter", "event=signup");
    expect(JSON.parse(out)).toMatchObject({ event: "signup", site: "b.com", visitor_id: "bob..." });
    expect({ code, err }).toEqual({ code: 0, err: "1 events from 1 files, T s\n" });
  });

  it("prints one JSON object with --json and --out, and ends with 1 when lines were damaged", async () => {
    log("10:00 ada signup -", "nonsense\n");
    const { code, out, err } = await run("export", "--format", "csv", "--out", "events.csv", "--json");
    expect(JSON.parse(out)).toMatchObject({
      ...{ ok: true, events: 1, files: 1, duplicates: 0, erased: 0, newer: 0, damaged: 1 },
      ...{ format: "csv", out: "events.csv", complete: true },
    });
    expect({ code, err }).toEqual({ code: 1, err: "" });
    expect(readFileSync(join(folder, "events.csv"), "utf8")).toMatch(/^v,event,.*\r\n1,signup,/);
  });

  it("ends quietly when its reader goes away", async () => {
    log("10:00 ada signup -\n".repeat(5000));
    const env = { PATH: process.env["PATH"], METRICS_DATA_DIR: join(folder, "data") };
    const child = spawn(process.execPath, [COMMAND, "export"], { env });
    child.stdout.once("data", () => child.stdout.destroy());
    const [err, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
    expect(code).toBe(0);
    expect(err).toMatch(/^[\d,]+ events from 1 files, .* s\n$/);
  });

  it.each([
    [["--filter", "evnt=x"], /^passerby: --filter evnt=x is not allowed/],
    [["--from", "soon"], /^passerby: soon is no day/],
    [["--format", "xml"], /Allowed choices are jsonl, csv, parquet/],
    [["--out", "data/events.jsonl"], /^passerby: --out data\/events.jsonl is inside the data directory/],
  ])("ends with 2 for %j", async (args, message) => {
    log("10:00 ada signup -");
    const { code, out, err } = await run("export", ...args);
    expect(err).toMatch(message);
    expect({ code, out }).toEqual({ code: 2, out: "" });
  });
});

describe("passerby import of an export", () => {
  it.each(["jsonl", "parquet"])(
    "brings the events back, and says that they are there the second time: %s",
    async (format) => {
      log("10:00 ada signup - site=a.com\n10:01 bob signup - site=c.com");
      await run("export", "--format", format, "--out", `events.${format}`);
      const args = ["import", format, `events.${format}`, "--data-dir", "other"];
      const first = await run(...args);
      expect(first.out).toContain(
        "0 events already present, 2 added to the dataset events of a.com (metrics-import-events-1.jsonl)",
      );
      expect(first.err).toBe("METRICS_SITES does not name c.com (it has a.com, b.com): add it to see these events\n");
      expect((await run(...args)).out).toContain("2 events already present, 0 added");
    },
  );

  it("ends with 1 when no line could be read, and with 2 for a file that cannot be", async () => {
    writeFileSync(join(folder, "x.csv"), "a,b\n1,2\n");
    expect(await run("import", "jsonl", "x.csv", "--json")).toMatchObject({ code: 1, err: "" });
    const refused = { code: 2, out: "", err: expect.stringMatching(/^passerby: x.csv [^\n]+\n$/) };
    for (const format of ["parquet", "plausible-csv", "umami-csv"])
      expect(await run("import", format, "x.csv")).toMatchObject(refused);
  });
});
