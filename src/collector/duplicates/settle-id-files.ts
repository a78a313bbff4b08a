/**
 * Divides the remembered ids anew when the number of writers has changed since the last start, so that each id is again
 * with the writer that it belongs to.
 */
import { unlinkSync } from "node:fs";
import { listLogFiles } from "../../log/log-files.ts";
import { idFilePath, listIdFiles, readWriters } from "./id-file.ts";
import { ownerOf } from "./id-window.ts";
import { StoredIds, type StoredIdsOptions } from "./stored-ids.ts";

/**
 * Brings the files into the form for `writers` writers. For the owner of the folder, before any writer opens its own.
 * Killed anywhere, the next start begins again from the files or, where they are gone, from the log. Throws the system's
 * error.
 */
export async function settleIdFiles(options: Omit<StoredIdsOptions, "writer">): Promise<void> {
  const { dataDir, writers, capacity } = options;
  const found = listIdFiles(dataDir);
  const isSettled = found.every((writer) => writer <= writers && readWriters(idFilePath(dataDir, writer)) === writers);
  const logWriters = await listLogWriters(dataDir);
  if (isSettled && logWriters.every((writer) => found.includes(writer))) return;
  const parts = StoredIds.empty(options, writers);
  const all: (readonly [id: string, hour: number])[] = [];
  for (const writer of new Set([...found, ...logWriters])) {
    const ids = await StoredIds.open({ ...options, capacity, writer });
    for (const entry of ids.entries()) all.push(entry);
    if (ids.lastLine !== undefined) parts[writer - 1]?.add([], ids.lastLine, 0);
    await ids.close();
  }
  all.sort(([, a], [, b]) => a - b);
  for (const [id, hour] of all) parts[ownerOf(id, writers)]?.add([id], undefined, hour * 3_600_000);
  for (const part of parts) await part.rewrite();
  for (const writer of found) if (writer > writers) unlinkSync(idFilePath(dataDir, writer));
}

async function listLogWriters(dataDir: string): Promise<readonly number[]> {
  const files = await listLogFiles(dataDir);
  return [...new Set(files.flatMap((file) => (file.kind === "import" ? [] : [file.writer])))];
}
