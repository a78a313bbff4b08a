/** Takes event ids out of the files of remembered ids while no collector runs. */
import { fsyncSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../clock.ts";
import { syncFolder, withFile, writeAll } from "../../log/files/durable-file.ts";
import { encodeFrame, encodeHeader, ID_BYTES, idFilePath, listIdFiles, readFrames, readWriters } from "./id-file.ts";
import { formatId, IdWindow } from "./id-window.ts";

export type ForgetOptions = {
  readonly dataDir: string;
  readonly clock: Pick<Clock, "randomBytes">;
  /** The ids (UUIDs), in lists. */
  readonly lists: Iterable<readonly string[]>;
};

const HALF_WRITTEN = /^dedup-ids(?:\.w\d{1,4})?\.bin\.tmp$/;

/**
 * Puts random ids in the places of those to be forgotten, in the files of all writers; returns how many there were. For the
 * owner of the data directory, before any writer runs. Killed anywhere, the next call does the rest.
 */
export function forgetIdsOnDisk({ dataDir, clock, lists }: ForgetOptions): number {
  for (const name of readdirSync(dataDir).filter((file) => HALF_WRITTEN.test(file))) rmSync(join(dataDir, name));
  const wanted = indexIds([...lists].flat(), clock);
  return listIdFiles(dataDir).reduce((sum, writer) => sum + rewriteFile(idFilePath(dataDir, writer), wanted, clock), 0);
}

function indexIds(ids: readonly string[], clock: ForgetOptions["clock"]): IdWindow {
  const index = new IdWindow(Math.max(ids.length, 1), Buffer.from(clock.randomBytes(4)).readUInt32BE());
  for (const id of ids) index.add(id);
  return index;
}

/** What follows the last whole frame is left out: a start reads it from the log. */
function rewriteFile(path: string, wanted: IdWindow, clock: ForgetOptions["clock"]): number {
  const writers = readWriters(path);
  if (writers === undefined) return 0;
  let forgotten = 0;
  withFile(`${path}.tmp`, "w", (file) => {
    writeAll(file, encodeHeader(writers));
    readFrames(path, ({ ids, ...frame }) => {
      const kept = Buffer.from(ids);
      for (let at = 0; at < kept.length; at += ID_BYTES) {
        if (!wanted.has(formatId(kept.subarray(at, at + ID_BYTES)))) continue;
        kept.set(clock.randomBytes(ID_BYTES), at);
        forgotten += 1;
      }
      writeAll(file, encodeFrame({ ...frame, ids: kept }));
    });
    fsyncSync(file);
  });
  renameSync(`${path}.tmp`, path);
  syncFolder(join(path, ".."));
  return forgotten;
}
