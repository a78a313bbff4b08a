/** What an erasure would erase, found without changing anything: by file of the log, with what is being written. */
import { systemErrorCode } from "../../errors.ts";
import { refuseHalfRestored } from "../files/half-restored.ts";
import { listLogFiles } from "../files/log-files.ts";
import { isJournalOf, readJournals } from "./erase-journal.ts";
import { searchTorn } from "./erase-torn.ts";
import { searchFile } from "./rewrite-shard.ts";
import { type EraseTarget, LineJudge } from "./target.ts";

/** One file and the lines in it that are meant; `isActive` for one that is sealed first. */
export type PreviewFile = { readonly file: string; readonly lines: number; readonly isActive: boolean };

export type Preview = {
  readonly files: readonly PreviewFile[];
  readonly lines: number;
  /** When an erasure of this target was begun that is not finished, ISO 8601; null for none. */
  readonly begunAt: string | null;
};

/** A file that is sealed, compressed or deleted while it is searched is looked for again so often. */
const MAX_TRIES = 5;

/** Searches the log and quarantine of a data directory. Throws `log_damaged`, `data_dir_unusable` for one half restored, or the system's error. */
export async function previewErasure(
  dataDir: string,
  target: EraseTarget,
  onProgress?: (share: number) => void,
): Promise<Preview> {
  refuseHalfRestored(dataDir); // What is not there yet must not be told as not found.
  for (let tries = 1; ; tries++) {
    try {
      return await previewOnce(dataDir, target, onProgress);
    } catch (error) {
      if (systemErrorCode(error) !== "ENOENT" || tries === MAX_TRIES) throw error;
    }
  }
}

async function previewOnce(
  dataDir: string,
  target: EraseTarget,
  onProgress: (share: number) => void = () => undefined,
): Promise<Preview> {
  const judge = new LineJudge(target);
  const files: PreviewFile[] = [];
  const all = await listLogFiles(dataDir);
  for (const [index, file] of all.entries()) {
    const { meant } = await searchFile(file, judge);
    if (meant > 0) files.push({ file: file.name, lines: meant, isActive: file.kind === "active" });
    onProgress((index + 1) / all.length);
  }
  const torn = (await searchTorn(dataDir, judge)).files;
  files.push(...torn.map(({ file, erased }) => ({ file, lines: erased, isActive: false })));
  const begun = readJournals(dataDir).find((journal) => isJournalOf(journal, target));
  const lines = files.reduce((sum, file) => sum + file.lines, 0);
  return { files, lines, begunAt: begun?.started_at ?? null };
}
