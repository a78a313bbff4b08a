/**
 * A disk that fails only when the kernel writes back what it holds in memory: `write` succeeds, the sync fails once, the
 * next one on the same file succeeds and lies, and the bytes are gone with the page cache.
 */
import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemErrorCode } from "../../src/errors.ts";
import type { Log } from "../../src/log/log.ts";
import { auditLog, type Findings, NOTHING_WRONG } from "./audit.ts";
import { openTestLog } from "./log-fixtures.ts";
import { makeEvent } from "./make-event.ts";
import { hasLoopMount, mountOverfullDisk, type OverfullDisk } from "./tmpfs.ts";

const BLOCK = Buffer.alloc(65_536, "x");

function syncResult(descriptor: number): string | undefined {
  try {
    fdatasyncSync(descriptor);
    return "ok";
  } catch (error) {
    return systemErrorCode(error);
  }
}

/** Fills the disk until only so much fits on it. */
function fillUpTo(disk: OverfullDisk, roomBytes: number): void {
  const ballast = openSync(join(disk.folder, "ballast"), "w");
  while (disk.roomBelow() > roomBytes) {
    writeSync(ballast, BLOCK);
    fdatasyncSync(ballast);
  }
  closeSync(ballast);
}

/** Appends batches of a few events until one is rejected; of the last commit, a part fits on the disk. */
async function appendUntilRejected(
  log: Log,
  prefix: string,
): Promise<{ readonly sent: string[]; readonly acked: string[] }> {
  const sent: string[] = [];
  const acked: string[] = [];
  for (let isStored = true; isStored; ) {
    const ids = Array.from({ length: 1 + (sent.length % 60) }, (_, index) => `${prefix}${sent.length + index}`);
    sent.push(...ids);
    isStored = await log.append(ids.map((id) => makeEvent(id))).then(
      () => true,
      () => false,
    );
    if (isStored) acked.push(...ids);
  }
  return { sent, acked };
}

/** Nobody can read a disk that says EIO; when it has room again, what it holds is read once more. */
function unlessUnreadable(findings: Promise<Findings>): Promise<Findings> {
  return findings.catch((error: unknown) => {
    if (systemErrorCode(error) !== "EIO") throw error;
    return NOTHING_WRONG;
  });
}

describe.skipIf(!hasLoopMount)("a disk that fails at write-back [needs loop mount]", () => {
  it("is one whose second sync lies", () => {
    const disk = mountOverfullDisk();
    const file = openSync(join(disk.folder, "file"), "w");
    let synced = 0;
    for (; ; synced += BLOCK.length) {
      writeSync(file, BLOCK);
      const result = syncResult(file);
      if (result === "ok") continue;
      expect([result, syncResult(file)]).toEqual(["ENOSPC", "ok"]);
      break;
    }
    closeSync(file);
    disk.forgetPages();
    const content = readFileSync(join(disk.folder, "file"));
    expect(content.subarray(0, synced).every((byte) => byte === BLOCK[0])).toBe(true);
    expect(content.includes(0)).toBe(true);
  });

  it("takes nothing from a log that it has acknowledged, and the log goes on when there is room", async () => {
    const disk = mountOverfullDisk();
    const dataDir = join(disk.folder, "data");
    const warnings: string[] = [];
    const log = await openTestLog(dataDir, { onWarning: (message) => warnings.push(message) });
    await log.append([makeEvent("first")]);
    fillUpTo(disk, 262_144);
    const { sent, acked } = await appendUntilRejected(log, "a");
    disk.forgetPages();
    const soFar = { sent: ["first", ...sent], acked: ["first", ...acked] };
    expect(await unlessUnreadable(auditLog(dataDir, soFar).then(({ findings }) => findings))).toEqual(NOTHING_WRONG);
    expect(warnings[0]).toContain("a new file begun: ENOSPC");
    // The file system may fail to write its own blocks back as well, which is EIO.
    expect(log.status()).toMatchObject({ accepting: false, reason: expect.stringMatching(/^disk_(full|error)$/) });
    disk.grow();
    await expect.poll(() => log.status().accepting, { timeout: 10_000 }).toBe(true);
    await log.append([makeEvent("last")]);
    await log.close();
    disk.forgetPages();
    disk.remount();
    const all = { sent: ["first", ...sent, "last"], acked: ["first", ...acked, "last"] };
    expect((await auditLog(dataDir, all)).findings).toEqual(NOTHING_WRONG);
    await (await openTestLog(dataDir)).close();
    expect((await auditLog(dataDir, all)).findings).toEqual(NOTHING_WRONG);
    expect(acked.length).toBeGreaterThan(100);
  });
});
