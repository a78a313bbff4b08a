import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { COMMAND } from "../test/support/command.ts";

const VIEW = '192.0.2.7 - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 17 "-" "Mozilla/5.0 (X11) Firefox/9"\n';

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "passerby-cmd-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

type Ran = { readonly code: unknown; readonly out: string; readonly err: string };

async function run(args: readonly string[], stdin: string | Buffer = ""): Promise<Ran> {
  const env = { PATH: process.env["PATH"], METRICS_SITES: "example.com", METRICS_DATA_DIR: join(folder, "data") };
  const child = spawn(process.execPath, [COMMAND, "import", "access-log", ...args], { env, cwd: folder });
  child.stdin.end(stdin);
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { code, out, err };
}

function save(content: string): string {
  writeFileSync(join(folder, "Access_Log.1.log"), content);
  return "Access_Log.1.log";
}

describe("passerby import access-log", () => {
  it("says what it did, on one page, and ends with 0", async () => {
    const { code, out, err } = await run([save(`${VIEW}bad\n`)]);
    expect(out.replaceAll(/\d+\.\d s \([\d,]+ lines/g, "T s (N lines")).toBe(
      [
        "Access_Log.1.log: 2 lines in combined format, T s (N lines/s)",
        "  0 events already present, 1 added to the dataset access-log-1 of example.com (metrics-import-access-log-1-1.jsonl, 0 of them robots)",
        "  0 requests that are no page view: 0 for assets, 0 not answered 200 or 304, 0 not GET, 0 without a path",
        "  1 bad lines skipped:",
        "    line 2: not in combined format",
        "",
      ].join("\n"),
    );
    expect({ code, err }).toEqual({ code: 0, err: "" });
  });

  it("says the second time that everything is there", async () => {
    const path = save(VIEW);
    await run([path]);
    expect((await run([path])).out).toContain("1 events already present, 0 added");
  });

  it("prints one JSON object with --json, from packed standard input", async () => {
    const { code, out } = await run(["-", "--json", "--keep", "30d", "--dataset", "x"], gzipSync(VIEW));
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      ...{ ok: true, lines: 1, page_views: 1, added: 1, already_present: 0, bad_lines: 0, first_bad_lines: [] },
      ...{ dataset: "x", site: "example.com", shard: "metrics-import-x-1.jsonl", keep_days: 30, format: "combined" },
    });
  });

  it("says when the server does not know the site", async () => {
    const { code, err } = await run([save(VIEW), "--site", "other.example"]);
    expect(err).toBe("METRICS_SITES does not name other.example (it has example.com): add it to see these events\n");
    expect(code).toBe(0);
  });

  it("ends with 1 when no line could be read", async () => {
    const { code, out } = await run([save("a\nb\n"), "--format", "common"]);
    expect(out).toContain("2 bad lines skipped");
    expect(code).toBe(1);
  });

  it.each([
    [["none.log"], /^passerby: none\.log cannot be read: there is no such file$/],
    [["."], /^passerby: \. is a folder: name a file$/],
    [["a.log", "--keep", "soon"], /^passerby: --keep soon is not allowed: give days, such as 30d, or forever$/],
    [["a.log", "--site", "a b"], /^passerby: --site a b is not allowed/],
    [["a.log", "--dataset", "A"], /^passerby: a dataset's name is 1 to 40 of a-z, 0-9 and -; got "A"$/],
    [["a.log", "--data-dir", "a.log"], /^passerby: .*a\.log/],
  ])("ends with 2 and one line for %j", async (args, message) => {
    writeFileSync(join(folder, "a.log"), VIEW);
    const { code, out, err } = await run(args);
    expect(err).toMatch(/^[^\n]*\n$/);
    expect(err.trimEnd()).toMatch(message);
    expect({ code, out }).toEqual({ code: 2, out: "" });
  });

  it("ends with 2 for a format that there is not, and stores nothing", async () => {
    expect(await run([save(VIEW), "--format", "iis"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("nginx-json"),
    });
    expect(readdirSync(folder)).toEqual(["Access_Log.1.log"]);
  });
});
