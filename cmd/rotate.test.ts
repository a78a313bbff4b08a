/** `passerby rotate` as a process: what it prints, how it ends, and that there is one. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeFolder } from "../test/fault/log-fixtures.ts";
import { linesOf } from "../test/fault/rotate-fixtures.ts";
import { COMMAND } from "../test/support/command.ts";

const OLD = "metrics-2020-01-01.1.jsonl";

function makeOldFolder(): string {
  const dataDir = makeFolder();
  writeFileSync(join(dataDir, OLD), linesOf("2020-01-01", "old"));
  return dataDir;
}

function startRotate(...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [COMMAND, "rotate", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function runRotate(...args: readonly string[]) {
  const child = startRotate(...args);
  const [[code], out, err] = await Promise.all([once(child, "close"), textOf(child.stdout), textOf(child.stderr)]);
  return { code, out, err };
}

function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  return stream === null ? Promise.resolve("") : text(stream);
}

describe("passerby rotate", () => {
  it("--dry-run prints what it would do and changes nothing", async () => {
    const dataDir = makeOldFolder();
    const lines = linesOf("2020-01-02", "active");
    writeFileSync(join(dataDir, "metrics.jsonl"), lines);
    const { code, out } = await runRotate("--data-dir", dataDir, "--once", "--dry-run", "--delete-after-days", "9");
    expect(code).toBe(0);
    const rows = out.trim().split("\n");
    expect(rows.map((row) => row.split(/ {2,}/).filter((_, index) => index !== 2))).toEqual([
      ["action", "file", "why"],
      ["seal", "metrics.jsonl", "begun on 2020-01-02"],
      ["delete", OLD, "older than 9 days"],
    ]);
    expect(readdirSync(dataDir)).toEqual([OLD, "metrics.jsonl"]);
  });

  it("--once prints one line and ends with 0", async () => {
    const dataDir = makeOldFolder();
    const { code, out, err } = await runRotate("--data-dir", dataDir, "--once");
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^\S+Z 0 sealed, 1 deleted, 0 measured, 0 compressed; \d+ B before, 0 B after; \d+\.\d s\n$/);
    expect(readdirSync(dataDir)).toEqual(["manifest.json", "rotator.json"]);
  });

  it("--once --json ends with 1 when something failed, and says what", async () => {
    const dataDir = makeFolder();
    const shard = "metrics-2020-01-01.1.jsonl";
    writeFileSync(join(dataDir, shard), linesOf("2020-01-01", "a"));
    const args = ["--data-dir", dataDir, "--once", "--json", "--delete-after-days", "100000"];
    await runRotate(...args, "--gzip-after-days", "100000");
    writeFileSync(join(dataDir, shard), "changed\n");
    const { code, out } = await runRotate(...args);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      errors: [expect.stringContaining(shard)],
      flags: { interval_seconds: null },
    });
  });

  it("runs again and again until SIGTERM, and a second one is refused in one line with 2", async () => {
    const dataDir = makeOldFolder();
    const first = startRotate("--data-dir", dataDir, "--interval", "1");
    const runs = createInterface({ input: first.stdout ?? process.stdin })[Symbol.asyncIterator]();
    for (let run = 0; run < 2; run++) expect((await runs.next()).value).toMatch(/ sealed, /);
    const second = await runRotate("--data-dir", dataDir);
    expect([second.code, second.out]).toEqual([2, ""]);
    expect(second.err).toMatch(/^passerby: another rotator runs on .* already, and one is enough: .*\n$/);
    first.kill("SIGTERM");
    expect(await once(first, "close")).toEqual([0, null]);
    expect(readdirSync(dataDir).filter((name) => name.endsWith(".sock"))).toEqual([]);
  });

  it.each([
    [["--interval", "0"], "--interval 0 is not allowed"],
    [["--gzip-after-days", "x"], "--gzip-after-days x is not allowed"],
    [["--data-dir", "/nonexistent-folder"], "there is no data directory /nonexistent-folder"],
    [["--compress", "bzip2"], "argument 'bzip2' is invalid"],
  ])("%j ends with 2 and says why", async (args, message) => {
    const { code, err } = await runRotate(...args);
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
  });
});
