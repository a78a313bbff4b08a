/**
 * Writes of which the kernel takes only a part, made by a limit on the size of files (setrlimit(2), RLIMIT_FSIZE): a
 * write is cut short at the limit without an error, and the next one fails with EFBIG.
 */
import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isLong, prlimit, strace } from "../means.ts";
import { auditLog, NOTHING_WRONG } from "./audit.ts";
import { idOf, makeFolder, readLog } from "./log-fixtures.ts";
import { type LogProcess, startLogProcess } from "./log-process.ts";

/** Keeps a process from making a file larger; `unlimited` takes the limit away. */
function limitFiles(log: LogProcess, bytes: number | "unlimited"): void {
  execFileSync(prlimit ?? "prlimit", [`--pid=${log.pid}`, `--fsize=${bytes}:unlimited`]);
}

function bytesOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

describe.skipIf(!prlimit)("a write that is cut short and then fails [needs prlimit]", () => {
  it("leaves nothing of its batch, wherever it was cut, and the log goes on when it can", async () => {
    const dataDir = makeFolder();
    const path = join(dataDir, "metrics.jsonl");
    const log = await startLogProcess(dataDir);
    expect(await log.append(["first", "size"])).toBe(true);
    const lineBytes = bytesOf(path) / 2;
    const sent = ["first", "size"];
    const acked = ["first", "size"];
    const cuts = [0, 1, Math.floor(lineBytes / 2), Math.floor(lineBytes) + 5];
    const step = Math.ceil(lineBytes / 20);
    const more = isLong ? Array.from({ length: 40 }, (_, index) => index * step) : [];
    for (const cut of new Set([...cuts, ...more])) {
      limitFiles(log, bytesOf(path) + cut);
      const lost = [`lost-${cut}-1`, `lost-${cut}-2`];
      expect(await log.append(lost)).toBe(false);
      limitFiles(log, "unlimited");
      const again = `again-${cut}`;
      await expect.poll(() => log.append([again]), { timeout: 5_000 }).toBe(true);
      sent.push(again);
      acked.push(again);
    }
    expect(await log.close()).toBe(0);
    expect((await auditLog(dataDir, { sent, acked })).findings).toEqual(NOTHING_WRONG);
    expect((await readLog(dataDir)).events.map(idOf)).toEqual(acked);
  }, 120_000);
});

const missing = strace ? "prlimit" : "strace";

describe.skipIf(!prlimit || !strace)(`a write that is cut short and then goes on [needs ${missing}]`, () => {
  it("stores the whole batch once, in the same file", async () => {
    const dataDir = makeFolder();
    const path = join(dataDir, "metrics.jsonl");
    // Long enough for the limit to be gone before the writer goes on.
    const log = await startLogProcess(dataDir, { fault: "write:delay_exit=400000:when=2", path });
    expect(await log.append(["1", "2"])).toBe(true);
    const limit = bytesOf(path) + 100;
    limitFiles(log, limit);
    const appended = log.append(["3", "4"]);
    await expect.poll(() => bytesOf(path), { interval: 5 }).toBe(limit);
    limitFiles(log, "unlimited");
    expect(await appended).toBe(true);
    expect(await log.close()).toBe(0);
    const { files, events, problems } = await readLog(dataDir);
    expect([events.map(idOf), problems]).toEqual([["1", "2", "3", "4"], []]);
    expect([files.map((file) => file.name), log.warnings]).toEqual([["metrics.jsonl"], []]);
  });
});
