/**
 * Reads the whole log and says what is wrong with it. Changes nothing, and works beside a running collector and rotator:
 * the folder is listed again until every file that is there has been read, and what was deleted meanwhile is forgotten.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Clock, utcDay } from "../../clock.ts";
import { PasserbyError } from "../../errors.ts";
import { compareAge, type LogFile, listLogFiles, parseLogFileName } from "../files/log-files.ts";
import { ManifestReader } from "../files/manifest-reader.ts";
import { type CheckContext, type CheckedFile, checkActive, checkShard } from "./check-shard.ts";
import type { Damage, Note } from "./findings.ts";
import { listNotes } from "./list-notes.ts";
import { readRepairs } from "./repairs-file.ts";
import { checkOrder, type FileRuns, type OrderReport } from "./sequence.ts";
import { isSettled, Patience, readShardState } from "./shard-state.ts";

export type VerifyOptions = {
  readonly dataDir: string;
  readonly clock: Clock;
  /** UTC days, both included; with either, imports are left out. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Whether this process has claimed the shards, so that nobody else works on them. */
  readonly isClaimed?: boolean;
  /** Told the share of the bytes that is read, 0 to 1. */
  readonly onProgress?: ((share: number) => void) | undefined;
};

/** What was found. */
export type VerifiedLog = {
  /** In the log's order. */
  readonly files: readonly CheckedFile[];
  /** Shards of the manifest that are not there. */
  readonly missing: readonly string[];
  readonly order: OrderReport;
  readonly damage: readonly Damage[];
  /** How many damages there are; `damage` lists the first ones of each file. */
  readonly damaged: number;
  readonly notes: readonly Note[];
};

/** For others' work on the shards to end before damage is told. */
const PATIENCE = { eachMs: 5_000, inAllMs: 60_000 };
/** Where this process is the only one that works on them. */
const NO_PATIENCE = { eachMs: 0, inAllMs: 0 };
/** A collector that seals all the time must not keep this going. */
const MAX_ROUNDS = 50;

/** Verifies a data directory. Throws `input_unreadable` where there is none, `log_damaged` for a broken manifest. */
export async function verifyLog(options: VerifyOptions): Promise<VerifiedLog> {
  const { dataDir } = options;
  if (!existsSync(dataDir)) throw new PasserbyError("input_unreadable", `there is no data directory ${dataDir}`);
  const patience = new Patience(options.isClaimed ? NO_PATIENCE : PATIENCE);
  const manifest = new ManifestReader(dataDir);
  const checked = new Map<string, CheckedFile>();
  for (let rounds = 1; ; rounds++) {
    const repairs = readRepairs(dataDir);
    const listed = (await listLogFiles(dataDir)).filter((file) => isWanted(file, options));
    const unread = listed.filter((file) => !checked.has(keyOf(file)));
    const context = { dataDir, manifest, repairs, patience };
    await readFiles(unread, checked, { ...context, onBytes: countBytes(unread, options.onProgress) });
    if (unread.length > 0 && rounds < MAX_ROUNDS) continue;
    const files = listed.flatMap((file) => checked.get(keyOf(file)) ?? []);
    const missing = listMissing(listed, manifest, options);
    const order = checkOrder(runsOf(files, missing), repairs.known);
    const isSuspect = missing.length > 0 || order.damage.length > 0;
    const stampOf = (lacking: readonly string[]): string => JSON.stringify([shardNames(dataDir), lacking]);
    const stamp = (): string => stampOf(listMissing(listed, manifest, options));
    // Of what was judged: looked at any later, what looked like damage may have gone already.
    const judged = stampOf(missing);
    if (isSuspect && rounds < MAX_ROUNDS) {
      const isSame = JSON.stringify(listed.map(keyOf)) === JSON.stringify(await listKeys(options));
      if (!isSame || !(await isSettled(dataDir, { judged, stamp }, patience))) continue;
    }
    if (rounds < MAX_ROUNDS) return conclude({ files, missing, order }, dataDir);
    const gone = await stillMissing(missing, () => listMissing(listed, manifest, options), patience);
    return conclude({ files, missing: gone, order: checkOrder(runsOf(files, gone), repairs.known) }, dataDir);
  }
}

/** In a folder that never rests: what is missing still when whoever deletes it has had the time to say so in the manifest. */
async function stillMissing(
  missing: readonly string[],
  look: () => readonly string[],
  patience: Patience,
): Promise<readonly string[]> {
  const patient = patience.begin();
  let left = missing;
  do {
    const now = new Set(look());
    left = left.filter((shard) => now.has(shard));
  } while (left.length > 0 && (await patient()));
  return left;
}

async function readFiles(
  files: readonly LogFile[],
  checked: Map<string, CheckedFile>,
  context: CheckContext,
): Promise<void> {
  for (const file of files) {
    const result = file.kind === "active" ? await checkActive(file, context) : await checkShard(file, context);
    if (result) checked.set(keyOf(file), result);
  }
}

function conclude(
  { files, missing, order }: Pick<VerifiedLog, "files" | "missing" | "order">,
  dataDir: string,
): VerifiedLog {
  const gone = missing.map((file) => ({
    file,
    line: null,
    offset: null,
    kind: "missing" as const,
    message: "the manifest has this shard, the folder does not",
  }));
  const damage = [...files.flatMap((file) => file.damage), ...gone, ...order.damage];
  const damaged = files.reduce((sum, file) => sum + file.damaged, gone.length + order.damage.length);
  const notes = [...files.flatMap((file) => file.notes), ...listNotes(readdirSync(dataDir, { withFileTypes: true }))];
  return { files, missing, order, damage, damaged, notes };
}

/** A shard is the same in every form; a file that is written is another one when it is begun anew. */
function keyOf(file: LogFile): string {
  return file.kind === "active" ? `${file.name} ${file.inode}` : file.shard;
}

async function listKeys(options: VerifyOptions): Promise<readonly string[]> {
  return (await listLogFiles(options.dataDir)).filter((file) => isWanted(file, options)).map(keyOf);
}

function shardNames(dataDir: string): readonly string[] {
  return readdirSync(dataDir).filter((name) => {
    const file = parseLogFileName(name);
    return file !== undefined && file.kind !== "active";
  });
}

function isWanted(file: LogFile, { from, to, clock }: VerifyOptions): boolean {
  if (from === undefined && to === undefined) return true;
  if (file.kind === "import") return false;
  const day = file.kind === "active" ? utcDay(clock.now()) : file.day;
  return (from === undefined || day >= from) && (to === undefined || day <= to);
}

function listMissing(listed: readonly LogFile[], manifest: ManifestReader, options: VerifyOptions): readonly string[] {
  const there = new Set(listed.map(({ shard }) => shard));
  return [...manifest.read().shards.keys()].filter((shard) => {
    const file = describeMissing(shard, options.dataDir);
    if (file === undefined || there.has(shard) || !isWanted(file, options)) return false;
    // One that was sealed since the folder was listed is in no list yet.
    return readShardState(options.dataDir, shard, manifest).forms.length === 0;
  });
}

function describeMissing(shard: string, dataDir: string): LogFile | undefined {
  const name = parseLogFileName(shard);
  if (name === undefined) return undefined;
  return { ...name, name: shard, shard, compression: "none", path: join(dataDir, shard), bytes: 0, inode: 0 };
}

function runsOf(files: readonly CheckedFile[], missing: readonly string[]): readonly FileRuns[] {
  const gone = missing.flatMap((shard) => describeMissing(shard, "") ?? []);
  const all: { readonly file: LogFile; readonly checked?: CheckedFile }[] = [
    ...files.map((checked) => ({ file: checked.file, checked })),
    ...gone.map((file) => ({ file })),
  ];
  return all
    .toSorted((a, b) => compareAge(a.file, b.file))
    .map(({ file, checked }) => {
      const form = checked?.forms[0];
      const { runs = [], hidden = 0, isPartial = true } = form?.scan ?? {};
      const series = file.kind === "import" ? `import ${file.dataset}` : `writer ${file.writer}`;
      return { file: form?.name ?? file.name, series, runs, hidden, isPartial };
    });
}

/** Counts a compressed file when it is done: how much of it is read shows only then. */
function countBytes(files: readonly LogFile[], onProgress: VerifyOptions["onProgress"]): (bytes: number) => void {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  return (bytes) => {
    done += bytes;
    onProgress?.(total === 0 ? 1 : Math.min(1, done / total));
  };
}
