/** SIGKILL behind every step of a backup and of a restore: the last finished backup stays whole, and the next run ends as if nothing had been. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, readdirSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { readManifest, withoutShard, writeManifest } from "../../src/log/files/manifest.ts";
import { checkBackup, readFinished } from "../../src/transfer/backup/check-backup.ts";
import { makeBackup } from "../../src/transfer/backup/make-backup.ts";
import { restoreBackup } from "../../src/transfer/backup/restore-backup.ts";
import { isLong } from "../means.ts";
import { backupOptions, eraseFirstLine, holdsText, writeShard } from "./backup-fixtures.ts";
import { copyFolder } from "./folder-copy.ts";
import { makeFolder, readLog } from "./log-fixtures.ts";

const PROCESS = fileURLToPath(new URL("./backup-process.ts", import.meta.url));
const ERASED = "metrics-2026-11-23.1.jsonl";
const DELETED = "metrics-2026-11-23.2.jsonl";
/** Behind the last step of each; a run that lives longer says that there are more. */
const MAX_STEPS = 40;
/** A file takes four steps, so that a stride of three meets each of them, and the last step of all. */
const FIRST = isLong ? 1 : 2;
const STRIDE = isLong ? 1 : 3;

/** Runs a backup or restore that ends behind a step; returns false when it came to its end before. */
async function killAt(step: number, work: "backup" | "restore", dataDir: string, folder: string): Promise<boolean> {
  const child = spawn(process.execPath, [PROCESS, work, dataDir, folder, String(step)], { stdio: "inherit" });
  const [code, signal] = await once(child, "close");
  if (signal !== "SIGKILL" && code !== 0) throw new Error(`${work} ended with ${code}`);
  return signal === "SIGKILL";
}

/** A data directory that was backed up and has changed since in every way that a backup has to follow. */
async function makeChanged(): Promise<{ readonly dataDir: string; readonly folder: string }> {
  const [dataDir, folder] = [makeFolder(), makeFolder()];
  writeShard(dataDir, ERASED, ["erased", "a2"]);
  writeShard(dataDir, DELETED, ["deleted"]);
  await makeBackup(backupOptions(dataDir, folder));
  await eraseFirstLine(dataDir, ERASED);
  unlinkSync(join(dataDir, DELETED));
  writeManifest(dataDir, withoutShard(readManifest(dataDir), DELETED));
  writeShard(dataDir, "metrics-2026-11-24.1.jsonl", ["c1"]);
  writeFileSync(join(dataDir, "control.json"), "{}\n");
  return { dataDir, folder };
}

function check(folder: string): Promise<readonly string[]> {
  return checkBackup(folder, readFinished(folder), () => undefined);
}

function contents(folder: string): readonly unknown[] {
  return [...copyFolder(folder)].filter(([name]) => name !== "backup.json").toSorted();
}

it("a backup that is killed changes nothing of the last finished one, and the next finishes", async () => {
  const { dataDir, folder } = await makeChanged();
  const whole = makeFolder();
  cpSync(folder, whole, { recursive: true });
  await makeBackup(backupOptions(dataDir, whole));
  let kills = 0;
  for (let step = FIRST; step < MAX_STEPS; step += STRIDE) {
    const killed = makeFolder();
    cpSync(folder, killed, { recursive: true });
    if (!(await killAt(step, "backup", dataDir, killed))) break;
    kills += 1;
    expect(await check(killed)).toEqual([]);
    expect(await makeBackup(backupOptions(dataDir, killed))).toMatchObject({ finished: true, problems: [] });
    expect(contents(killed)).toEqual(contents(whole));
    expect(['erased"}', "deleted"].map((id) => holdsText(killed, `"${id}`))).toEqual([false, false]);
  }
  // Three files in four steps each, the seal, the record and two deletions.
  expect(kills).toBe(isLong ? 17 : 6);
}, 120_000);

it("a restore that is killed is started again, and ends as if nothing had been", async () => {
  const { dataDir, folder } = await makeChanged();
  await makeBackup(backupOptions(dataDir, folder));
  const source = await readLog(dataDir);
  let kills = 0;
  for (let step = FIRST; step < MAX_STEPS; step += STRIDE) {
    const target = makeFolder();
    if (!(await killAt(step, "restore", target, folder))) break;
    kills += 1;
    expect(await restoreBackup({ dataDir: target, folder, clock: systemClock })).toMatchObject({ problems: [] });
    expect((await readLog(target)).events).toEqual(source.events);
    expect(readdirSync(target).toSorted()).toEqual(
      ["manifest.json", ...readdirSync(dataDir)].filter(isOnce).toSorted(),
    );
  }
  expect(kills).toBe(isLong ? 18 : 6);
}, 120_000);

function isOnce(name: string, index: number, names: readonly string[]): boolean {
  return names.indexOf(name) === index;
}
