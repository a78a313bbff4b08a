/** Copies what a backup holds besides the log: small files that are replaced as a whole or grow by lines. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describeError, systemErrorCode } from "../../errors.ts";
import type { BackupRecord, SmallCopy } from "./backup-record.ts";
import { copyName, isSmallFile } from "./copy-names.ts";
import { isFolderFull, type OnStep, putCopy } from "./put-copy.ts";

export type SmallFilesOptions = {
  readonly dataDir: string;
  readonly folder: string;
  readonly onStep: OnStep;
  readonly onProblem: (problem: string) => void;
};

const LEDGER_DAY = /^ledger-(\d{4}-\d{2}-\d{2})/;
const IMPORT_RECORD = /^(metrics-import-[a-z0-9-]{1,40})\.json$/;

/**
 * Copies those that have changed and returns all that are there. To be done before the newest events are sealed: a ledger
 * that knows of fewer events than the log is completed from it, and one that knows of more is wrong.
 */
export async function copySmallFiles(options: SmallFilesOptions): Promise<ReadonlyMap<string, SmallCopy>> {
  const copies = new Map<string, SmallCopy>();
  for (const entry of readdirSync(options.dataDir, { withFileTypes: true })) {
    if (!entry.isFile() || !isSmallFile(entry.name)) continue;
    try {
      const copy = await copySmallFile(entry.name, options);
      if (copy !== undefined) copies.set(entry.name, copy);
    } catch (error) {
      if (isFolderFull(error)) throw error;
      options.onProblem(`${entry.name} could not be copied: ${describeError(error)}`);
    }
  }
  return copies;
}

async function copySmallFile(name: string, options: SmallFilesOptions): Promise<SmallCopy | undefined> {
  const content = readIfThere(join(options.dataDir, name));
  if (content === undefined) return undefined;
  // The last line of one that grows may be half written.
  const source = name.endsWith(".jsonl") ? content.subarray(0, content.lastIndexOf("\n") + 1) : content;
  const sha256 = createHash("sha256").update(source).digest("hex");
  const { folder, onStep } = options;
  const copy = { name, file: copyName(sha256, name), sha256, bytes: source.length };
  const check = async (path: string): Promise<boolean> => holdsBytes(path, copy);
  if (holdsBytes(join(folder, copy.file), copy)) return copy;
  if (!(await putCopy({ folder, file: copy.file, source, check, onStep })))
    options.onProblem(`${name} could not be read back`);
  return copy;
}

/** Says whether a small file holds what it should; false for one that is not there. */
export function holdsBytes(path: string, { sha256 }: Pick<SmallCopy, "sha256">): boolean {
  const content = readIfThere(path);
  return content !== undefined && createHash("sha256").update(content).digest("hex") === sha256;
}

/** Returns the copies of the backup before that stay, though the source has them no more. */
export function keptSmallFiles(
  record: BackupRecord | undefined,
  shards: Iterable<string>,
  keepFromDay: string,
): readonly SmallCopy[] {
  const names = [...shards];
  return [...(record?.files.values() ?? [])].filter(({ name }) => {
    const day = LEDGER_DAY.exec(name)?.[1];
    const dataset = IMPORT_RECORD.exec(name)?.[1];
    if (day !== undefined) return day >= keepFromDay;
    return dataset === undefined || names.some((shard) => shard.startsWith(`${dataset}-`));
  });
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
