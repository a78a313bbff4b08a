/** Has active files sealed that are of an earlier day or too large: by the collector, or where none runs, in its place. */
import { join } from "node:path";
import { type Clock, utcDay } from "../../clock.ts";
import { PasserbyError, systemErrorCode } from "../../errors.ts";
import { settleActiveFiles } from "../files/settle-active-files.ts";
import { askOwner } from "../owner/control-channel.ts";
import { claimAbandoned } from "../owner/orphans.ts";
import { isStoredEvent } from "../read/decode-line.ts";
import { readEvents } from "../read/read-lines.ts";
import { type FoundFiles, findFiles } from "./find-files.ts";

/** Command of the control channel that seals what is being written. */
export const SEAL_COMMAND = "seal";

export type DueFile = FoundFiles["active"][number] & { readonly why: string };

export type SealOptions = {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly maxBytes: number;
  readonly onWarning: (message: string) => void;
};

/** Lists the active files that are to be sealed. */
export async function listDue({ dataDir, clock, maxBytes }: Omit<SealOptions, "onWarning">): Promise<DueFile[]> {
  const today = utcDay(clock.now());
  const due: DueFile[] = [];
  for (const file of findFiles(dataDir).active) {
    if (file.bytes === 0) continue;
    const day = file.bytes > maxBytes ? undefined : await firstDay(join(dataDir, file.name));
    if (file.bytes > maxBytes) due.push({ ...file, why: "larger than --max-mb" });
    else if (day !== undefined && day < today) due.push({ ...file, why: `begun on ${day}` });
  }
  return due;
}

/**
 * Seals what is due and returns how many files that was; 0, too, where the collector is about to do it itself. Throws
 * what the collector says when it cannot.
 */
export async function sealDue(options: SealOptions): Promise<number> {
  const due = await listDue(options);
  if (due.length === 0) return 0;
  try {
    const answer = await askOwner(options.dataDir, SEAL_COMMAND);
    if (answer === undefined) return await sealAlone(options, due);
    const isReport = typeof answer === "object" && answer !== null && "sealed" in answer;
    return isReport && Array.isArray(answer.sealed) ? answer.sealed.length : 0;
  } catch (error) {
    const code = error instanceof PasserbyError ? error.code : undefined;
    // A collector of an earlier version seals when it starts; one that has just come, or workers that end, do what is due.
    if (code === "not_found" || code === "data_dir_owned") return 0;
    throw error;
  }
}

/** Seals as a start does, under the claim that a start would need. */
async function sealAlone({ dataDir, clock, onWarning }: SealOptions, due: readonly DueFile[]): Promise<number> {
  const owner = await claimAbandoned(dataDir, clock);
  try {
    const isDue = new Set(due.map(({ writer }) => writer));
    const others = findFiles(dataDir).active.map(({ writer }) => writer);
    settleActiveFiles({ dataDir, onWarning }, new Set(others.filter((writer) => !isDue.has(writer))));
    const left = new Set(findFiles(dataDir).active.map(({ name }) => name));
    return due.filter(({ name }) => !left.has(name)).length;
  } finally {
    await owner.release();
  }
}

/** The day on which the first event was received, as the name of the shard will say it. */
async function firstDay(path: string): Promise<string | undefined> {
  try {
    for await (const { decoded } of readEvents(path)) {
      if (isStoredEvent(decoded)) return decoded.receivedAt.slice(0, 10);
    }
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error; // Sealed since the folder was looked at.
  }
  return undefined;
}
