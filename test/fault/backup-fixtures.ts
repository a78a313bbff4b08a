/** Data directories to back up: real shards of real lines, and the options that every backup of a test has. */
import { lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/clock.ts";
import { readManifest, withShard, writeManifest } from "../../src/log/files/manifest.ts";
import { measureShard } from "../../src/log/read/measure-shard.ts";
import { encodeLines } from "../../src/log/write/encode-line.ts";
import type { BackupOptions } from "../../src/transfer/backup/make-backup.ts";
import { makeEvent } from "./make-event.ts";

/** Options for a backup that needs no other process. */
export function backupOptions(dataDir: string, folder: string): BackupOptions {
  return {
    dataDir,
    folder,
    clock: systemClock,
    retentionDays: 36_500,
    toolVersion: "test",
    onWarning: () => undefined,
  };
}

/** Returns lines of events with these ids, as a writer's start wrote them. */
export function linesOf(start: string, ids: readonly string[]): string {
  return encodeLines(
    ids.map((id) => makeEvent(id)),
    { writer: "w1", start, seq: 0 },
  );
}

/** Writes a sealed shard of events with these ids. */
export function writeShard(dataDir: string, name: string, ids: readonly string[]): void {
  writeFileSync(join(dataDir, name), linesOf(name, ids));
}

/** Does what an erasure does: erases the first line of a plain shard and raises its generation. */
export async function eraseFirstLine(dataDir: string, shard: string): Promise<void> {
  const path = join(dataDir, shard);
  const lines = readFileSync(path, "utf8").split("\n");
  lines[0] = '{"v":1,"writer":"w1","start":"start","seq":0,"erased":true}';
  writeFileSync(path, lines.join("\n"));
  const manifest = readManifest(dataDir);
  const generation = (manifest.shards.get(shard)?.generation ?? 0) + 1;
  writeManifest(dataDir, withShard(manifest, shard, { ...(await measureShard(path)), generation }));
}

/** Says whether a text is in any file of a folder, or in its name. */
export function holdsText(folder: string, text: string): boolean {
  return readdirSync(folder).some((name) => {
    const path = join(folder, name);
    return name.includes(text) || (lstatSync(path).isFile() && readFileSync(path).includes(text));
  });
}
