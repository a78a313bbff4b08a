/** The log on disks that fill up, fail or are taken away: nothing is acknowledged that is not there afterwards. */
import { readdirSync, readFileSync, renameSync, rmSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Log } from "../../src/log/log.ts";
import { strace } from "../means.ts";
import { idOf, makeFolder, openTestLog, readLog } from "./log-fixtures.ts";
import { startLogProcess } from "./log-process.ts";
import { makeEvent } from "./make-event.ts";
import { hasLoopMount, hasTmpfs, mountBreakableDisk, mountTmpfs } from "./tmpfs.ts";

/** Appends events of about 4 KiB one after the other until one is rejected; returns the ids that were acknowledged. */
async function appendUntilRejected(
  log: Log,
  prefix: string,
): Promise<{ readonly acked: string[]; readonly error: unknown }> {
  const acked: string[] = [];
  for (let number = 0; ; number++) {
    const id = `${prefix}${number}`;
    try {
      await log.append([makeEvent(id, { title: "x".repeat(4_096) })]);
      acked.push(id);
    } catch (error) {
      return { acked, error };
    }
  }
}

async function waitUntil(isTrue: () => boolean | Promise<boolean>, deadlineMs = 10_000): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error(`not within ${deadlineMs} ms: ${isTrue}`);
    await delay(10);
  }
}

describe.skipIf(!hasTmpfs)("a log on a full disk [needs tmpfs]", () => {
  it("rejects, says why, cuts the torn line off and takes events again when there is space", async () => {
    const dataDir = mountTmpfs("2m");
    const ballast = join(dataDir, "ballast");
    writeFileSync(ballast, Buffer.alloc(1_048_576));
    const warnings: string[] = [];
    const log = await openTestLog(dataDir, { onWarning: (message) => warnings.push(message) });

    const before = await appendUntilRejected(log, "a");
    expect(before.acked.length).toBeGreaterThan(100);
    expect(before.error).toMatchObject({ code: "log_unavailable", retryable: true });
    expect(log.status()).toMatchObject({ accepting: false, reason: "disk_full" });
    expect(statSync(join(dataDir, "metrics.jsonl")).size).toBe(log.status().fileBytes);
    await expect(log.append([makeEvent("refused")])).rejects.toMatchObject({ code: "log_unavailable" });

    unlinkSync(ballast);
    await waitUntil(() => log.status().accepting);
    await log.append([makeEvent("b")]);
    await log.close();
    const { files, events, problems } = await readLog(dataDir);
    expect([events.map(idOf), problems]).toEqual([[...before.acked, "b"], []]);
    // The line that did not fit left a part that was cut off; nothing else may stand where a reader may have seen it.
    expect(files.map((file) => file.kind)).toEqual(["sealed", "active"]);
    expect(warnings.at(-1)).toBe("the log takes events again");
  });

  it("stores all of a batch or nothing, and numbers what it stores without a gap", async () => {
    const dataDir = mountTmpfs("1m");
    const log = await openTestLog(dataDir);
    const batches = Array.from({ length: 40 }, (_, batch) =>
      Array.from({ length: 20 }, (_, index) => makeEvent(`${batch}-${index}`, { title: "x".repeat(4_096) })),
    );
    const answers = await Promise.allSettled(batches.map((batch) => log.append(batch)));
    const stored = batches.filter((_, index) => answers[index]?.status === "fulfilled").flat();
    await log.close();
    const { events } = await readLog(dataDir);
    expect(events.map(idOf)).toEqual(stored.map((event) => event.metadata["id"]));
    expect(events.map((event) => event.seq)).toEqual(stored.map((_, index) => index));
    expect(answers.some((answer) => answer.status === "rejected")).toBe(true);
  });
});

describe.skipIf(!strace)("a log whose disk reports an error [needs strace]", () => {
  it("puts what a failed sync left unsure into a new file and acknowledges it there", async () => {
    const dataDir = makeFolder();
    const log = await startLogProcess(dataDir, { fault: "fdatasync:error=EIO:when=3" });
    const ids = ["1", "2", "3", "4", "5"];
    for (const id of ids) expect(await log.append([id])).toBe(true);
    expect(log.warnings).toEqual([expect.stringContaining("a new file begun: EIO")]);
    expect(await log.close()).toBe(0);
    const { files, events, problems } = await readLog(dataDir);
    expect([events.map(idOf), problems]).toEqual([ids, []]);
    expect(events.map((event) => event.seq)).toEqual([0, 1, 2, 3, 4]);
    const names = files.map((file) => file.name);
    expect(names).toEqual(["metrics-2026-11-23.1.jsonl", "metrics.jsonl"]);
    expect(readFileSync(join(dataDir, "metrics.jsonl"), "utf8").split("\n")).toHaveLength(4);
  });

  it("rejects while every sync fails, then goes on in a new file", async () => {
    const dataDir = makeFolder();
    const log = await startLogProcess(dataDir, { fault: "fdatasync:error=EIO:when=2..3" });
    expect(await log.append(["1"])).toBe(true);
    expect(await log.append(["2"])).toBe(false);
    let tries = 0;
    await waitUntil(async () => (await log.append([`try-${++tries}`])) === true);
    expect(await log.close()).toBe(0);
    const { events } = await readLog(dataDir);
    expect(events.map(idOf)).toEqual(["1", `try-${tries}`]);
    expect(events[1]?.start).not.toBe(events[0]?.start);
  });

  it("rejects what a failed write left out, and goes on in the same file", async () => {
    const dataDir = makeFolder();
    const path = join(dataDir, "metrics.jsonl");
    const log = await startLogProcess(dataDir, { fault: "write:error=EIO:when=2", path });
    expect(await log.append(["1"])).toBe(true);
    expect(await log.append(["2"])).toBe(false);
    await waitUntil(async () => (await log.append(["again"])) === true);
    expect(await log.close()).toBe(0);
    const { files, events } = await readLog(dataDir);
    expect(events.map(idOf)).toEqual(["1", "again"]);
    expect(files.map((file) => file.name)).toEqual(["metrics.jsonl"]);
  });
});

describe.skipIf(!hasLoopMount)("a log whose file system breaks and turns read-only [needs loop mount]", () => {
  it("rejects from then on, can be closed, and after the next mount has all that it acknowledged", async () => {
    const disk = mountBreakableDisk();
    const dataDir = join(disk.folder, "data");
    const warnings: string[] = [];
    const log = await openTestLog(dataDir, { onWarning: (message) => warnings.push(message) });
    await log.append([makeEvent("1"), makeEvent("2")]);
    disk.break();
    const message = expect.not.stringContaining(dataDir); // It may be told to clients.
    await expect(log.append([makeEvent("lost")])).rejects.toMatchObject({ code: "log_unavailable", message });
    expect(log.status()).toMatchObject({ accepting: false, reason: "disk_error", message });
    expect(warnings.join("\n")).toContain("EROFS");
    await log.close();

    disk.repair();
    const next = await openTestLog(dataDir);
    await next.append([makeEvent("3")]);
    await next.close();
    expect((await readLog(dataDir)).events.map(idOf)).toEqual(["1", "2", "3"]);
  });
});

describe("a log whose file is taken away", () => {
  it.each([
    ["deleted", (path: string) => rmSync(path)],
    ["moved", (path: string) => renameSync(path, `${path}.1`)],
    ["replaced", (path: string) => writeFileSync(`${path}.new`, "by hand\n") ?? renameSync(`${path}.new`, path)],
    ["truncated", (path: string) => writeFileSync(path, "")],
  ])("when %s, writes what it acknowledges to a file that is there", async (_, takeAway) => {
    const dataDir = makeFolder();
    const warnings: string[] = [];
    const log = await openTestLog(dataDir, { onWarning: (message) => warnings.push(message) });
    await log.append([makeEvent("before")]);
    takeAway(join(dataDir, "metrics.jsonl"));
    await log.append([makeEvent("after")]);
    await log.append([makeEvent("later")]);
    const ids = (await readLog(dataDir)).events.map(idOf);
    expect(ids.filter((id) => id !== "before")).toEqual(["after", "later"]);
    expect(warnings).toEqual([expect.stringContaining("another program moved, deleted or changed the file")]);
    expect(readdirSync(dataDir)).toContain("metrics.jsonl");
  });
});
