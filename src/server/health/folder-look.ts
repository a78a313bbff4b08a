/** A look at the data directory: bytes of the log's shards, and what the rotator wrote of itself. */
import { type LogFile, listLogFiles } from "../../log/files/log-files.ts";
import { type RotationPause, readPause } from "../../log/rotate/pause.ts";
import { readRotatorState } from "../../log/rotate/rotator-state.ts";

/** What the rotator says of itself. */
export type RotatorReport = {
  /** Milliseconds since 1970; null where no run has succeeded yet. */
  readonly lastSuccessAt: number | null;
  /** How often it is to run; null where the last run was a single one, after which none is late. */
  readonly intervalMs: number | null;
};

/** What was seen; undefined for what could not be read or is not there. */
export type FolderLook = {
  readonly sealedBytes: number | undefined;
  readonly importBytes: number | undefined;
  readonly rotator: RotatorReport | undefined;
  /** What was last said about the rotation by hand. */
  readonly pause: RotationPause | undefined;
};

/** What is known before the first look. */
export const NOTHING_SEEN: FolderLook = {
  sealedBytes: undefined,
  importBytes: undefined,
  rotator: undefined,
  pause: undefined,
};

/** Looks once; it never throws, since what reports on trouble must not fail of it. */
export async function lookAtFolder(dataDir: string): Promise<FolderLook> {
  const files = await listLogFiles(dataDir).catch(() => undefined);
  const [sealedBytes, importBytes] = [sumBytes(files, "sealed"), sumBytes(files, "import")];
  return { sealedBytes, importBytes, rotator: readRotatorReport(dataDir), pause: tryReadPause(dataDir) };
}

/** One that cannot be read stops the rotator, which is late then. */
function tryReadPause(dataDir: string): RotationPause | undefined {
  try {
    return readPause(dataDir);
  } catch {
    return undefined;
  }
}

function sumBytes(files: readonly LogFile[] | undefined, kind: LogFile["kind"]): number | undefined {
  return files?.filter((file) => file.kind === kind).reduce((sum, { bytes }) => sum + bytes, 0);
}

function readRotatorReport(dataDir: string): RotatorReport | undefined {
  const state = readRotatorState(dataDir);
  if (state === undefined) return undefined;
  const { lastSuccessMs, intervalSeconds } = state;
  return { lastSuccessAt: lastSuccessMs, intervalMs: intervalSeconds === null ? null : intervalSeconds * 1_000 };
}
