/** A restored data directory holds what the backup holds, byte for byte; a damaged backup is found before anything is restored. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { beforeEach, describe, expect, it } from "vitest";
import { backupOptions, linesOf, writeShard } from "../../../test/fault/backup-fixtures.ts";
import { makeFolder, readLog } from "../../../test/fault/log-fixtures.ts";
import { systemClock } from "../../clock.ts";
import { nextShardNumber } from "../../log/files/log-files.ts";
import { readManifest, withoutShard, writeManifest } from "../../log/files/manifest.ts";
import { measureShard } from "../../log/read/measure-shard.ts";
import { checkBackup, readFinished } from "./check-backup.ts";
import { makeBackup } from "./make-backup.ts";
import { type RestoreReport, restoreBackup } from "./restore-backup.ts";

const PLAIN = "metrics-2026-11-23.1.jsonl";
const PACKED = "metrics-2026-11-23.2.jsonl.gz";
const ZSTD = "metrics-2026-11-23.3.jsonl.zst";

let source = "";
let folder = "";
let target = "";

beforeEach(async () => {
  source = makeFolder();
  folder = join(makeFolder(), "backup");
  target = join(makeFolder(), "restored");
  writeShard(source, PLAIN, ["a1", "a2"]);
  writeFileSync(join(source, PACKED), gzipSync(linesOf("packed", ["b1"])));
  writeFileSync(join(source, ZSTD), zstdCompressSync(linesOf("zstd", ["c1"])));
  writeFileSync(join(source, "control.json"), '{"v":1}\n');
  writeManifest(source, withoutShard(readManifest(source), "metrics-2026-11-22.7.jsonl"));
  await makeBackup(backupOptions(source, folder));
});

function restore(): Promise<RestoreReport> {
  return restoreBackup({ folder, dataDir: target, clock: systemClock });
}

function check(): Promise<readonly string[]> {
  return checkBackup(folder, readFinished(folder), () => undefined);
}

function copyOf(name: string): string {
  return readdirSync(folder).find((file) => file.endsWith(`-${name}`)) ?? "";
}

describe("a restored data directory", () => {
  it("holds every file byte for byte, for its owner only, and no salt", async () => {
    expect(await restore()).toMatchObject({ shards: 3, lines: 4, files: 1, problems: [] });
    const names = [PLAIN, PACKED, ZSTD, "control.json"];
    expect(readdirSync(target).toSorted()).toEqual([...names, "manifest.json"].toSorted());
    for (const name of names) expect(readFileSync(join(target, name))).toEqual(readFileSync(join(source, name)));
    expect((await readLog(target)).events).toEqual((await readLog(source)).events);
    const modes = readdirSync(target).map((name) => statSync(join(target, name)).mode & 0o777);
    expect([...new Set(modes), statSync(target).mode & 0o777]).toEqual([0o600, 0o700]);
  });

  it("knows its shards' checksums, and which names are taken", async () => {
    await restore();
    const { shards, lastNumbers } = readManifest(target);
    expect(shards.get(PLAIN)).toEqual({ ...(await measureShard(join(source, PLAIN))), generation: 0 });
    expect([...shards.keys()]).toHaveLength(3);
    expect(lastNumbers).toEqual(readManifest(source).lastNumbers);
    const series = { kind: "sealed", day: "2026-11-23", writer: 1, number: 0 } as const;
    expect(nextShardNumber(readdirSync(target), series)).toBe(4);
  });

  it("may be an empty folder, and is never one that holds something", async () => {
    mkdirSync(target);
    await restore();
    await expect(restore()).rejects.toMatchObject({ code: "data_dir_unusable" });
    const other = makeFolder();
    writeFileSync(join(other, "notes.txt"), "x");
    target = other;
    await expect(restore()).rejects.toThrow("only into an empty or missing folder");
    expect(readdirSync(other)).toEqual(["notes.txt"]);
  });

  it("keeps lines of a later version as they are: counted, not understood, not damage", async () => {
    const line = '{"v":2,"writer":"w1","start":"later","seq":0,"shape":{"new":["ä",1e400]},"event":7}  \n';
    writeFileSync(join(source, "metrics-2026-11-24.1.jsonl"), line);
    await makeBackup(backupOptions(source, folder));
    expect(await restore()).toMatchObject({ lines: 5, problems: [] });
    expect(readFileSync(join(target, "metrics-2026-11-24.1.jsonl"), "utf8")).toBe(line);
    const { events, problems } = await readLog(target);
    expect([events.length, problems]).toMatchObject([4, [{ problem: "newer_version" }]]);
  });
});

describe("a damaged backup", () => {
  it("is told from a whole one, and nothing is changed by asking", async () => {
    const before = readdirSync(folder).map((name) => [name, statSync(join(folder, name)).mtimeMs]);
    expect(await check()).toEqual([]);
    expect(readdirSync(folder).map((name) => [name, statSync(join(folder, name)).mtimeMs])).toEqual(before);
  });

  it.each([PLAIN, PACKED, ZSTD, "control.json"])("is found in %s, and not restored", async (name) => {
    const file = copyOf(name);
    const bytes = readFileSync(join(folder, file));
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 4) ^ 1, bytes.length - 4);
    writeFileSync(join(folder, file), bytes);
    expect(await check()).toEqual([expect.stringContaining(file)]);
    expect((await restore()).problems).toEqual([expect.stringContaining(file)]);
    expect(readdirSync(target)).toEqual([]);
    writeFileSync(join(folder, file), bytes.subarray(0, 3));
    expect(await check()).toEqual([expect.stringContaining(file)]);
  });

  it("is found where a file is missing or was cut off", async () => {
    unlinkSync(join(folder, copyOf(PLAIN)));
    truncateSync(join(folder, copyOf(PACKED)), 20);
    const problems = await check();
    expect(problems).toEqual([expect.stringContaining("is missing"), expect.stringContaining("is damaged")]);
    expect((await restore()).problems).toHaveLength(2);
    expect(readdirSync(target)).toEqual([]);
  });

  it("is made whole by the next backup", async () => {
    unlinkSync(join(folder, copyOf(PLAIN)));
    expect(await makeBackup(backupOptions(source, folder))).toMatchObject({ copied: 0, kept: 3, problems: [] });
    expect(await check()).toEqual([]);
  });

  it("is one that was never finished, or is none", async () => {
    rmSync(join(folder, "backup.json"));
    await expect(restore()).rejects.toThrow("holds no finished backup: one was begun");
    folder = makeFolder();
    await expect(restore()).rejects.toThrow("holds no finished backup: name the folder");
    expect(existsSync(target)).toBe(false);
  });

  it("cannot lead out of the data directory", async () => {
    const record = readFileSync(join(folder, "backup.json"), "utf8");
    writeFileSync(join(folder, "backup.json"), record.replaceAll("control.json", "../../control.json"));
    await expect(restore()).rejects.toMatchObject({ code: "backup_unusable" });
  });
});
