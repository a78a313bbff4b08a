/** `passerby rotate` as a process: what it prints, how it ends, and that there is one. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
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

/** The first line of what a process prints. */
async function firstLine(stream: NodeJS.ReadableStream | null): Promise<string> {
  const [line] = await once(createInterface({ input: stream ?? process.stdin }), "line");
  return String(line);
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

  it("--pause holds a sidecar, a single run and the next sidecar, all of which would delete, until --resume", async () => {
    const dataDir = makeOldFolder();
    const common = ["--data-dir", dataDir];
    const pause = await runRotate(...common, "--pause", "--reason", "a look at old files");
    expect([pause.code, pause.err]).toEqual([0, ""]);
    expect(pause.out).toMatch(
      /^rotator {5}paused \(nothing is compressed or deleted: .*\): a look at old files\nWARNING: /s,
    );
    const why = "the rotation is paused until somebody resumes it, since .*: a look at old files; nothing is";
    expect(await runRotate(...common, "--once")).toMatchObject({ code: 2, out: "", err: expect.stringMatching(why) });
    const preview = await runRotate(...common, "--once", "--dry-run");
    expect(preview.out).toMatch(new RegExp(`\ndelete {2}${OLD} .*\n! none of this is done: the rotation is paused`));
    const left = new RegExp(`^passerby: this run is left out: ${why}`);
    let sidecar = startRotate(...common, "--interval", "1");
    expect(await firstLine(sidecar.stderr)).toMatch(left);
    sidecar.kill("SIGKILL");
    await once(sidecar, "close");
    sidecar = startRotate(...common, "--interval", "1");
    expect(await firstLine(sidecar.stderr)).toMatch(left);
    expect(readdirSync(dataDir)).toContain(OLD);
    const resume = await runRotate(...common, "--resume");
    expect([resume.code, resume.out]).toEqual([0, expect.stringMatching(/^rotator {5}not paused\n {12}set .*\n$/)]);
    expect(await firstLine(sidecar.stdout)).toMatch(/ 1 deleted, /);
    expect(readdirSync(dataDir)).not.toContain(OLD);
  });

  it("--pause --for ends by itself, in a process that began before its end and in one that was started after a kill", async () => {
    const dataDir = makeOldFolder();
    const paused = JSON.parse((await runRotate("--data-dir", dataDir, "--pause", "--for", "2s", "--json")).out);
    const killed = startRotate("--data-dir", dataDir, "--interval", "1");
    await Promise.race([firstLine(killed.stderr), firstLine(killed.stdout)]);
    killed.kill("SIGKILL");
    await once(killed, "close");
    expect(await firstLine(startRotate("--data-dir", dataDir, "--interval", "1").stdout)).toMatch(/ deleted, /);
    expect(readdirSync(dataDir)).not.toContain(OLD);
    const { last_run } = JSON.parse(readFileSync(join(dataDir, "rotator.json"), "utf8"));
    expect(Date.parse(last_run)).toBeGreaterThanOrEqual(Date.parse(paused.until));
  });

  it.each([
    [["--pause", "--resume"], "--pause and --resume are opposites"],
    [["--for", "2h"], "--for goes with --pause only"],
    [["--once", "--reason", "x"], "--reason goes with --pause or --resume only"],
    [["--interval", "0"], "--interval 0 is not allowed"],
    [["--gzip-after-days", "x"], "--gzip-after-days x is not allowed"],
    [["--data-dir", "/nonexistent-folder"], "there is no data directory /nonexistent-folder"],
    [["--compress", "bzip2"], "argument 'bzip2' is invalid"],
  ])("%j ends with 2 and says why", async (args, message) => {
    const { code, err } = await runRotate(...args);
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
  });
});
