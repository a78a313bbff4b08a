/**
 * Erases events from everything that a data directory holds, in an order from which a run that is killed anywhere is
 * completed by the next one with the same target:
 *
 *   seal ▸ search ▸ journal ▸ each shard: new file, ids kept, journal, rename, manifest ▸ quarantine ▸
 *   event ids, live events and store ▸ receipt ▸ journal and ids removed
 *
 * What a shard is rewritten to follows from the shard alone, so that doing it twice is doing it once. The journal names a
 * rewritten shard's new facts before it is in its place, since the manifest can only follow.
 */
import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../clock.ts";
import { PasserbyError } from "../../errors.ts";
import { syncFolder } from "../files/durable-file.ts";
import { compressedName, type LogFile, listLogFiles } from "../files/log-files.ts";
import { readManifest, withShard, writeManifest } from "../files/manifest.ts";
import { beginJournal, isJournalOf, type Journal, journalName, readJournals, writeJournal } from "./erase-journal.ts";
import { eraseTorn, searchTorn, type TornFile } from "./erase-torn.ts";
import { addErasedIds, idsFileName } from "./erased-ids.ts";
import { type Forgotten, makeReceipt, type Receipt, receiptName, writeReceipt } from "./receipt.ts";
import { rewriteShard, searchFile } from "./rewrite-shard.ts";
import { settleErasure } from "./settle-erasures.ts";
import { type EraseTarget, LineJudge } from "./target.ts";

/** What only the owner of the data directory can do: this process, or the collector that it asks. */
export type Owner = {
  /** Has every line that was acknowledged in sealed shards. */
  readonly seal: () => Promise<void>;
  /** Keeps the store from loading shards that are being rewritten, until `forget`, or until this process has ended for a while. */
  readonly hold: () => Promise<void>;
  /** Forgets the ids of a file (erased-ids.ts) and the events that have them, and makes the store anew from the log. */
  readonly forget: (idsFile: string) => Promise<Forgotten>;
};

export type EraseOptions = {
  readonly dataDir: string;
  readonly target: EraseTarget;
  readonly clock: Clock;
  readonly owner: Owner;
  /** Told which share of the log was gone through. */
  readonly onProgress?: (share: number) => void;
  /** Told what was just done, in order: where a test kills the process. */
  readonly onStep?: (step: string) => void;
};

/** What came of it; `receipt` is null where nothing was found, and nothing has changed then. */
export type Erasure = {
  readonly receipt: Receipt | null;
  /** Name of the receipt's file. */
  readonly receiptFile: string | null;
  /** When erasures of other targets were begun that are not finished: their commands have to be run again. */
  readonly unfinished: readonly string[];
  readonly unsearched: readonly string[];
};

/** Temporary files of processes that had claimed the shards, and so have ended. An import, and the collector, go on with theirs. */
const DEAD = /^metrics-.+\.tmp(?:\.gz|\.zst)?$/;
const ALIVE = /^metrics-(?:import-[a-z0-9-]{1,40}\.(?!jsonl)[\w-]+|torn-w\d+)\.tmp$/;

/**
 * Erases. For who has claimed the shards. Throws `log_damaged` before anything is changed where a shard is damaged, and what
 * the owner or the system throws; the next run goes on then.
 */
export async function eraseEvents(options: EraseOptions): Promise<Erasure> {
  const { dataDir, target, clock, owner, onStep = () => undefined } = options;
  removeDead(dataDir);
  await owner.seal();
  onStep("sealed");
  const journals = readJournals(dataDir);
  for (const journal of journals) await settleErasure(dataDir, journal, onStep);
  const begun = journals.find((journal) => isJournalOf(journal, target));
  const others = journals.filter((journal) => journal !== begun);
  const unfinished = others.map(({ started_at }) => started_at);
  const judge = new LineJudge(target);
  const shards = await findShards(options, judge);
  const { files: torn, unsearched } = await searchTorn(dataDir, judge);
  if (begun === undefined && shards.length + torn.length === 0) {
    return { receipt: null, receiptFile: null, unfinished, unsearched };
  }
  const work = new Work(options, judge, begun ?? beginJournal(target, clock));
  for (const shard of shards) await work.eraseShard(shard);
  for (const file of torn) work.eraseTorn(file);
  const forgotten = await owner.forget(idsFileName(work.journal.key));
  onStep("forgotten");
  const receipt = makeReceipt(work.journal, { forgotten, unsearched, nowMs: clock.now() });
  work.finish(receipt);
  return { receipt, receiptFile: receiptName(work.journal), unfinished, unsearched };
}

class Work {
  journal: Journal;
  private readonly options: EraseOptions;
  private readonly judge: LineJudge;

  constructor(options: EraseOptions, judge: LineJudge, journal: Journal) {
    this.options = options;
    this.judge = judge;
    this.journal = journal;
    writeJournal(options.dataDir, journal);
    this.note("journal begun");
  }

  async eraseShard(file: LogFile): Promise<void> {
    const { dataDir, owner } = this.options;
    await owner.hold();
    const temporary = join(dataDir, compressedName(`${file.shard}.erase.tmp`, file.compression));
    const { erased, eventIds, before, facts } = await rewriteShard(file, this.judge, temporary);
    this.note("shard written");
    addErasedIds(dataDir, this.journal.key, eventIds);
    this.note("ids kept");
    const generation = (readManifest(dataDir).shards.get(file.shard)?.generation ?? 0) + 1;
    const entry = { shard: file.shard, erased, before, ...facts, generation };
    const shards = [...this.journal.shards.filter(({ shard }) => shard !== file.shard), entry];
    this.write({ ...this.journal, shards });
    removeOtherForms(dataDir, file);
    this.note("other forms removed");
    renameSync(temporary, file.path);
    this.note("shard renamed");
    syncFolder(dataDir);
    writeManifest(dataDir, withShard(readManifest(dataDir), file.shard, { ...facts, generation }));
    this.note("manifest written");
  }

  eraseTorn({ kept, ...entry }: TornFile): void {
    const { dataDir } = this.options;
    this.write({ ...this.journal, torn: [...this.journal.torn.filter(({ file }) => file !== entry.file), entry] });
    eraseTorn(dataDir, { kept, ...entry });
    this.note("quarantine erased");
  }

  finish(receipt: Receipt): void {
    const { dataDir } = this.options;
    const { key } = this.journal;
    writeReceipt(dataDir, this.journal, receipt);
    this.note("receipt written");
    rmSync(join(dataDir, idsFileName(key)), { force: true });
    this.note("ids removed");
    rmSync(join(dataDir, journalName(key)), { force: true });
    syncFolder(dataDir);
    this.note("journal removed");
  }

  private write(journal: Journal): void {
    this.journal = journal;
    writeJournal(this.options.dataDir, journal);
    this.note("journal written");
  }

  private note(step: string): void {
    this.options.onStep?.(step);
  }
}

/** Finds the shards in which something is meant. Throws `log_damaged` for one that is not what the manifest says. */
async function findShards({ dataDir, onProgress }: EraseOptions, judge: LineJudge): Promise<readonly LogFile[]> {
  const { shards } = readManifest(dataDir);
  const found: LogFile[] = [];
  const files = (await listLogFiles(dataDir)).filter(({ kind }) => kind !== "active");
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  for (const file of files) {
    const { meant, sha256 } = await searchFile(file, judge);
    done += file.bytes;
    onProgress?.(done / Math.max(total, 1));
    if (meant === 0) continue;
    const known = shards.get(file.shard)?.sha256 ?? sha256;
    if (known !== sha256) {
      const message = `${file.name} is not what the manifest says: passerby verify --repair first, then erase again`;
      throw new PasserbyError("log_damaged", message);
    }
    found.push(file);
  }
  return found;
}

/** Of a shard whose compression was cut short there are two forms, and both hold what is meant. */
function removeOtherForms(dataDir: string, file: LogFile): void {
  const others = (["none", "gzip", "zstd"] as const)
    .map((form) => compressedName(file.shard, form))
    .filter((name) => name !== file.name && existsSync(join(dataDir, name)));
  for (const name of others) rmSync(join(dataDir, name));
  if (others.length > 0) syncFolder(dataDir);
}

function removeDead(dataDir: string): void {
  const names = readdirSync(dataDir).filter((name) => DEAD.test(name) && !ALIVE.test(name));
  for (const name of names) rmSync(join(dataDir, name), { force: true });
}
