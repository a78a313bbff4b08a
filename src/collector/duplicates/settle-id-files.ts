/**
 * Divides the remembered ids anew when the number of writers has changed since the last start, so that each id is again
 * with the writer that it belongs to.
 */
import { listLogFiles } from "../../log/files/log-files.ts";
import { idFilePath, listIdFiles, readWriters } from "./id-file.ts";
import { ownerOf } from "./id-window.ts";
import { StoredIds, type StoredIdsOptions } from "./stored-ids.ts";

const HOUR_MS = 3_600_000;

/**
 * Brings the files into the form for `writers` writers. For the owner of the folder, before any writer opens its own.
 * Killed anywhere, the next start begins again from the files or, where they are gone, from the log. The file of a writer
 * that runs no more holds no ids, but says up to which line its log is known. Throws the system's error.
 */
export async function settleIdFiles(options: Omit<StoredIdsOptions, "writer">): Promise<void> {
  const { dataDir, writers, capacity } = options;
  const found = listIdFiles(dataDir);
  const isSettled = found.every((writer) => readWriters(idFilePath(dataDir, writer)) === writers);
  const logWriters = await listLogWriters(dataDir);
  if (isSettled && logWriters.every((writer) => found.includes(writer))) return;
  const parts = StoredIds.empty(options, Math.max(writers, ...found, ...logWriters));
  const sources: StoredIds[] = [];
  for (const writer of new Set([...found, ...logWriters])) {
    const ids = await StoredIds.open({ ...options, capacity, writer });
    if (ids.lastLine !== undefined) parts[writer - 1]?.add([], ids.lastLine, 0);
    await ids.close();
    sources.push(ids);
  }
  for (const [id, hour] of mergeByHour(sources)) parts[ownerOf(id, writers)]?.add([id], undefined, hour * HOUR_MS);
  const [first, ...others] = parts;
  if (first === undefined) return;
  // The first file has all ids until the others have theirs, and says of itself that it is divided for nobody.
  const [whole] = StoredIds.empty({ ...options, writers: 0 }, 1);
  for (const [id, hour] of mergeByHour(sources)) whole?.add([id], first.lastLine, hour * HOUR_MS);
  await whole?.rewrite();
  for (const part of others) await part.rewrite();
  await first.rewrite();
}

/** Yields the ids of all with their hours, oldest first, and holds one of each at a time: there may be millions. */
function* mergeByHour(sources: readonly StoredIds[]): Generator<readonly [id: string, hour: number]> {
  const heads = sources.map((ids) => {
    const rest = ids.entries();
    return { rest, next: rest.next() };
  });
  const hourOf = ({ next }: (typeof heads)[number]): number => next.value?.[1] ?? Number.POSITIVE_INFINITY;
  for (;;) {
    const oldest = heads.reduce<(typeof heads)[number] | undefined>(
      (best, head) => (best === undefined || hourOf(head) < hourOf(best) ? head : best),
      undefined,
    );
    if (oldest === undefined || oldest.next.done) return;
    yield oldest.next.value;
    oldest.next = oldest.rest.next();
  }
}

async function listLogWriters(dataDir: string): Promise<readonly number[]> {
  const files = await listLogFiles(dataDir);
  return [...new Set(files.flatMap((file) => (file.kind === "import" ? [] : [file.writer])))];
}
