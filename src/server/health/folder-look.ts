/** A look at the data directory: bytes of the log's shards, and what the rotator wrote of itself. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type LogFile, listLogFiles } from "../../log/files/log-files.ts";

/** The rotator's own report in the data directory. */
export const ROTATOR_FILE = "rotator.json";

/** What the rotator says of itself; `lastSuccessAt` in milliseconds since 1970. */
export type RotatorReport = {
  readonly lastSuccessAt: number;
  readonly intervalMs: number;
  readonly isPaused: boolean;
};

/** What was seen; undefined for what could not be read or is not there. */
export type FolderLook = {
  readonly sealedBytes: number | undefined;
  readonly importBytes: number | undefined;
  readonly rotator: RotatorReport | undefined;
};

/** What is known before the first look. */
export const NOTHING_SEEN: FolderLook = {
  sealedBytes: undefined,
  importBytes: undefined,
  rotator: undefined,
};

/** Looks once; it never throws, since what reports on trouble must not fail of it. */
export async function lookAtFolder(dataDir: string): Promise<FolderLook> {
  const [files, rotator] = await Promise.all([
    listLogFiles(dataDir).catch(() => undefined),
    readRotatorReport(join(dataDir, ROTATOR_FILE)),
  ]);
  return { sealedBytes: sumBytes(files, "sealed"), importBytes: sumBytes(files, "import"), rotator };
}

function sumBytes(files: readonly LogFile[] | undefined, kind: LogFile["kind"]): number | undefined {
  return files?.filter((file) => file.kind === kind).reduce((sum, { bytes }) => sum + bytes, 0);
}

async function readRotatorReport(path: string): Promise<RotatorReport | undefined> {
  try {
    return parseRotatorReport(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return undefined;
  }
}

/** Reads `{"lastSuccessAt":"2026-01-31T12:00:00.000Z","intervalSeconds":300,"isPaused":false}`. */
function parseRotatorReport(value: unknown): RotatorReport | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (!("lastSuccessAt" in value) || !("intervalSeconds" in value)) return undefined;
  const { lastSuccessAt, intervalSeconds } = value;
  if (typeof lastSuccessAt !== "string" || typeof intervalSeconds !== "number") return undefined;
  const time = Date.parse(lastSuccessAt);
  if (Number.isNaN(time)) return undefined;
  const isPaused = "isPaused" in value && value.isPaused === true;
  return { lastSuccessAt: time, intervalMs: intervalSeconds * 1000, isPaused };
}
