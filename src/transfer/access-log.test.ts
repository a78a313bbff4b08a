import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../clock.ts";
import { decodeLine, isStoredEvent } from "../log/read/decode-line.ts";
import { type AccessLogImport, type ImportReport, importAccessLog } from "./access-log.ts";

const AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

let folder = "";
let dataDir = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "passerby-import-"));
  dataDir = join(folder, "data");
});

afterEach(() => rmSync(folder, { recursive: true }));

function line(path: string, part: { address?: string; status?: number; agent?: string } = {}): string {
  const { address = "192.0.2.77", status = 200, agent = AGENT } = part;
  return `${address} - - [17/May/2015:10:05:03 +0000] "GET ${path} HTTP/1.1" ${status} 17 "-" "${agent}"\n`;
}

function save(content: string | Buffer, name = "access.log"): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function run(path: string, part: Partial<AccessLogImport> = {}): Promise<ImportReport> {
  return importAccessLog({
    ...{ path, dataDir, stdin: Readable.from([]), dataset: "old", keepDays: undefined, format: undefined },
    ...{ site: { name: "example.com", hosts: ["example.com"] }, clock: systemClock, onProgress: () => undefined },
    ...part,
  });
}

/** Paths of the stored page views, shard by shard. */
function storedPaths(): readonly string[] {
  const shards = readdirSync(dataDir).filter((name) => name.endsWith(".jsonl"));
  const lines = shards.sort().flatMap((name) => readFileSync(join(dataDir, name), "utf8").trim().split("\n"));
  const events = lines.map((text) => decodeLine(text)).filter(isStoredEvent);
  expect(events).toHaveLength(lines.length);
  return events.map((event) => new URL(event.url ?? "").pathname);
}

describe("importAccessLog", () => {
  it("stores page views, counts the rest by reason, and reports bad lines by number", async () => {
    const requests = [line("/a"), line("/x.css"), "hello\n", line("/b", { status: 404 }), "\n"];
    const log = [...requests, line("/b", { agent: "curl/8" })].join("");
    expect(await run(save(log))).toMatchObject({
      lines: 6,
      pageViews: 2,
      botPageViews: 1,
      added: 2,
      alreadyPresent: 0,
      skipped: { not_get: 0, not_ok: 1, asset: 1, no_path: 0 },
      badLines: 2,
      firstBadLines: [
        { line: 3, reason: "not in combined format" },
        { line: 5, reason: "empty" },
      ],
      format: "combined",
      dataset: "old",
      shard: "metrics-import-old-1.jsonl",
    });
    expect(storedPaths()).toEqual(["/a", "/b"]);
  });

  it("adds nothing the second time, whatever the file is called then and however it is packed", async () => {
    const log = line("/a") + line("/b");
    await run(save(log));
    for (const path of [save(log, "access.log.1"), save(gzipSync(log), "access.log.1.gz")]) {
      for (const dataset of ["old", "other"]) {
        expect(await run(path, { dataset })).toMatchObject({ added: 0, alreadyPresent: 2, shard: null });
      }
    }
    expect(storedPaths()).toEqual(["/a", "/b"]);
  });

  it("adds nothing the second time where the first was killed before it wrote its record", async () => {
    const path = save(line("/a"));
    await run(path);
    unlinkSync(join(dataDir, "metrics-import-old.json"));
    expect(await run(path)).toMatchObject({ added: 0, alreadyPresent: 1 });
  });

  it("adds only what is new of a log that has grown, also after rotation and packing", async () => {
    const path = save(line("/a") + line("/b"));
    await run(path);
    appendFileSync(path, line("/c"));
    expect(await run(path)).toMatchObject({ added: 1, alreadyPresent: 2, shard: "metrics-import-old-2.jsonl" });
    appendFileSync(path, line("/d"));
    expect(await run(save(gzipSync(readFileSync(path)), "a.gz"))).toMatchObject({ added: 1, alreadyPresent: 3 });
    expect(storedPaths()).toEqual(["/a", "/b", "/c", "/d"]);
  });

  it("imports again what was deleted", async () => {
    const path = save(line("/a"));
    const { shard } = await run(path);
    unlinkSync(join(dataDir, shard ?? ""));
    expect(await run(path)).toMatchObject({ added: 1, alreadyPresent: 0 });
  });

  it("keeps the retention of a dataset until another is given", async () => {
    const record = (): unknown => JSON.parse(readFileSync(join(dataDir, "metrics-import-old.json"), "utf8"));
    await run(save(line("/a")), { keepDays: 30 });
    expect(await run(save(line("/b")))).toMatchObject({ keepDays: 30 });
    await run(save(line("/b")), { keepDays: null });
    expect(record()).toMatchObject({ name: "old", keepDays: null, imports: [{ events: 1 }, { events: 1 }] });
  });

  it.each([
    ["CR LF", (log: string) => log.replaceAll("\n", "\r\n")],
    ["gzip", (log: string) => gzipSync(log)],
    ["gzip in two members", (log: string) => Buffer.concat([gzipSync(log.slice(0, 40)), gzipSync(log.slice(40))])],
    ["no line end at the end", (log: string) => log.trimEnd()],
    ["a byte order mark", (log: string) => `\ufeff${log}`],
    ["a line of 200,000 characters", (log: string) => `${"x".repeat(200_000)}\n${log}`],
  ])("reads a log with %s", async (_, change) => {
    await run(save(change(line("/a") + line("/b"))));
    expect(storedPaths()).toEqual(["/a", "/b"]);
  });

  it("reads standard input, plain or packed, and leaves no copy of it behind", async () => {
    const log = line("/a") + line("/b");
    const before = readdirSync(tmpdir());
    await run("-", { stdin: Readable.from([Buffer.from(log.slice(0, 50)), Buffer.from(log.slice(50))]) });
    expect(await run("-", { stdin: Readable.from([gzipSync(log)]) })).toMatchObject({ added: 0, alreadyPresent: 2 });
    expect(storedPaths()).toEqual(["/a", "/b"]);
    expect(readdirSync(tmpdir()).filter((name) => /^passerby-[\w-]{12}$/.test(name) && !before.includes(name))).toEqual(
      [],
    );
  });

  it("takes an empty file for an empty log", async () => {
    expect(await run(save(""))).toMatchObject({ lines: 0, added: 0, shard: null, badLines: 0 });
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it("reports the first twenty bad lines and counts the others", async () => {
    const report = await run(save("x\n".repeat(50) + line("/a")), { format: "combined" });
    expect(report).toMatchObject({ lines: 51, badLines: 50, added: 1 });
    expect(report.firstBadLines.map(({ line: number }) => number)).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 1),
    );
  });

  it.each([
    ["there is no such file", () => join(folder, "none.log")],
    ["is a folder", () => folder],
    ["damaged or cut off", () => save(gzipSync(line("/a").repeat(99)).subarray(0, 60), "cut.gz")],
    ["is it an access log?", () => save("hello\nworld\n")],
  ])("refuses a file when it finds that: %s", async (message, path) => {
    await expect(run(path())).rejects.toMatchObject({
      code: "input_unreadable",
      message: expect.stringContaining(message),
    });
    expect(existsSync(dataDir) ? readdirSync(dataDir) : []).toEqual([]);
  });

  it.each(["{", "[]", '{"name":"old","keepDays":"x","imports":[]}'])("refuses a damaged record: %s", async (text) => {
    await run(save(line("/a")));
    writeFileSync(join(dataDir, "metrics-import-old.json"), text);
    await expect(run(save(line("/b")))).rejects.toMatchObject({
      code: "data_dir_unusable",
      message: expect.stringContaining("is damaged: delete it and import again"),
    });
  });

  it("refuses a bad name for a dataset", async () => {
    await expect(run(save(line("/a")), { dataset: "../x" })).rejects.toMatchObject({ code: "invalid_request" });
  });

  it("tells its progress, forwards and up to the end", async () => {
    const seen: number[] = [];
    await run(save(line("/a").repeat(9000)), { onProgress: (share) => seen.push(share) });
    expect(seen.length).toBeGreaterThan(4);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(1);
  });

  it("writes neither addresses nor user agents", async () => {
    await run(save(line("/a", { address: "203.0.113.99", agent: `${AGENT} Canary/77` })));
    for (const name of readdirSync(dataDir)) {
      expect(readFileSync(join(dataDir, name), "utf8")).not.toMatch(/203\.0\.113\.99|Canary/);
    }
  });

  it("leaves nothing in the log when it is killed, and all of it at the next try", async () => {
    const path = save(Array.from({ length: 60_000 }, (_, index) => line(`/page/${index}`)).join(""));
    const script = `
      import { Readable } from "node:stream";
      import { systemClock as clock } from ${JSON.stringify(fileURLToPath(new URL("../clock.ts", import.meta.url)))};
      import { importAccessLog } from ${JSON.stringify(fileURLToPath(new URL("access-log.ts", import.meta.url)))};
      const site = { name: "example.com", hosts: [] };
      await importAccessLog({ path: ${JSON.stringify(path)}, dataDir: ${JSON.stringify(dataDir)}, stdin: Readable.from([]),
        dataset: "old", keepDays: null, format: "combined", site, clock, onProgress: () => {} });`;
    const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", script], { stdio: "ignore" });
    const isWriting = (): boolean => existsSync(dataDir) && readdirSync(dataDir).some((name) => name.endsWith(".tmp"));
    for (const deadline = Date.now() + 15_000; !isWriting() && Date.now() < deadline; ) await delay(1);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(readdirSync(dataDir)).toEqual([expect.stringMatching(/^metrics-import-old\..*\.tmp$/)]);
    expect(await run(path)).toMatchObject({ added: 60_000, alreadyPresent: 0 });
  });

  it("clears away what a killed import of the dataset left, once nobody can be writing it any more", async () => {
    await run(save(line("/a")));
    for (const [name, ageMs] of [
      ["old.a", 7_200_000],
      ["old.b", 60_000],
      ["other.c", 7_200_000],
    ] as const) {
      const path = join(dataDir, `metrics-import-${name}.tmp`);
      writeFileSync(path, "");
      utimesSync(path, new Date(), new Date(Date.now() - ageMs));
    }
    await run(save(line("/b")));
    const left = readdirSync(dataDir).filter((name) => name.endsWith(".tmp"));
    expect(left.sort()).toEqual(["metrics-import-old.b.tmp", "metrics-import-other.c.tmp"]);
  });
});
