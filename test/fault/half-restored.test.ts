/** A data directory in which a restore was killed is refused by everything but the restore, in one line that says so. */
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { verifyLog } from "../../src/log/verify/verify-log.ts";
import { makeBackup } from "../../src/transfer/backup/make-backup.ts";
import { restoreBackup } from "../../src/transfer/backup/restore-backup.ts";
import { COMMAND } from "../support/command.ts";
import { startTestServer } from "../support/test-server.ts";
import { backupOptions, linesOf, writeShard } from "./backup-fixtures.ts";

const SHARDS = ["metrics-2026-11-23.1.jsonl", "metrics-2026-11-23.2.jsonl"] as const;

let root = "";
let folder = "";
let halfRestored = "";

/** Tests that run at once cannot each clear away what is theirs. */
function makeFolder(): string {
  return mkdtempSync(join(root, "folder-"));
}

afterAll(() => rmSync(root, { recursive: true }));
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "passerby-restore-"));
  const source = makeFolder();
  for (const shard of SHARDS) writeShard(source, shard, [shard]);
  folder = join(makeFolder(), "backup");
  await makeBackup(backupOptions(source, folder));
  halfRestored = makeFolder();
  mkdirSync(join(halfRestored, ".restore"));
  writeFileSync(join(halfRestored, ".restore", SHARDS[1]), linesOf(SHARDS[1], [SHARDS[1]]));
  writeFileSync(join(halfRestored, SHARDS[0]), linesOf(SHARDS[0], [SHARDS[0]]));
});

function copyHalfRestored(): string {
  const dataDir = makeFolder();
  cpSync(halfRestored, dataDir, { recursive: true });
  return dataDir;
}

function run(args: readonly string[]): Promise<{ readonly code: unknown; readonly stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [COMMAND, ...args], { timeout: 35_000 }, (error, _, stderr) =>
      resolve({ code: error?.code ?? 0, stderr }),
    );
  });
}

describe("a data directory that is half restored", () => {
  it.concurrent.each([
    "start --port 0",
    "rotate",
    "rotate --once",
    "rotate --once --dry-run",
    "erase --visitor visitor-1 --yes",
    "replay",
    "import jsonl FILE",
    "export",
    "backup OTHER",
    "verify --repair",
    "brake on",
    "key create --scope read",
    "key revoke 0",
  ])(
    "is refused by passerby %s",
    async (given) => {
      const dataDir = copyHalfRestored();
      const places: Readonly<Record<string, string>> = { FILE: COMMAND, OTHER: join(makeFolder(), "other") };
      const args = given.split(" ").map((part) => places[part] ?? part);
      const { code, stderr } = await run([...args, "--data-dir", dataDir]);
      const line = `passerby: ${dataDir} is half restored: finish it with passerby restore, the same command as before\n`;
      expect([code, stderr]).toEqual([2, line]);
      expect(readdirSync(dataDir).sort()).toEqual([".restore", SHARDS[0]]);
    },
    30_000,
  );

  it("is refused by a server of this process", async () => {
    const starting = startTestServer({ dataDir: copyHalfRestored() });
    await expect(starting).rejects.toMatchObject({ code: "data_dir_unusable", message: expect.stringMatching("half") });
  });

  it("is a note of verify, which changes nothing", async () => {
    const { notes } = await verifyLog({ dataDir: copyHalfRestored(), clock: systemClock });
    expect(notes).toEqual([{ file: ".restore", message: expect.stringContaining("finish it with passerby restore") }]);
  });

  it("is finished by the restore, and taken from then on", async () => {
    const dataDir = copyHalfRestored();
    expect(await restoreBackup({ folder, dataDir, clock: systemClock })).toMatchObject({ shards: 2, problems: [] });
    expect(existsSync(join(dataDir, ".restore"))).toBe(false);
    expect((await makeBackup(backupOptions(dataDir, join(makeFolder(), "other")))).copied).toBe(2);
  });
});
