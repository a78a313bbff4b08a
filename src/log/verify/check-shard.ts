/** Checks one sealed shard in all the forms that it is there in, beside others who may be compressing or deleting it. */
import { systemErrorCode } from "../../errors.ts";
import { ERASE_AGAIN, isErasing } from "../erase/settle-erasures.ts";
import type { LogFile } from "../files/log-files.ts";
import type { ShardFacts } from "../files/manifest.ts";
import type { ManifestReader } from "../files/manifest-reader.ts";
import { type Damage, type DamageKind, FILE_DAMAGE, type Note } from "./findings.ts";
import type { Repairs } from "./repairs-file.ts";
import { type FileScan, scanFile } from "./scan-file.ts";
import { isSettled, type Patience, readShardState, type ShardForm, type ShardState } from "./shard-state.ts";

/** What a form of a shard holds; no scan where it cannot be read. */
export type ScannedForm = ShardForm & { readonly scan: FileScan | undefined };

/** A file of the log that was read. */
export type CheckedFile = {
  readonly file: LogFile;
  /** The forms of a shard, the one that readers use first; the file itself for one that is being written. */
  readonly forms: readonly [ScannedForm, ...ScannedForm[]];
  readonly facts: ShardFacts | undefined;
  /** What the shard was last rewritten to, where the manifest does not say so yet. */
  readonly unfinished: ShardFacts | undefined;
  /** Whether it is what an erasure that was killed made of it, which the manifest does not say yet. */
  readonly isErasing: boolean;
  readonly damage: readonly Damage[];
  /** How many damages there are; `damage` lists the first ones of each form. */
  readonly damaged: number;
  readonly notes: readonly Note[];
};

export type CheckContext = {
  readonly dataDir: string;
  readonly manifest: ManifestReader;
  readonly repairs: Repairs;
  /** For others' work to end. */
  readonly patience: Patience;
  readonly onBytes: (bytes: number) => void;
};

const OF_FILE: ReadonlySet<DamageKind> = new Set(FILE_DAMAGE);
/** A shard may be compressed, rewritten and deleted while it is read, but not as often as this. */
const MAX_TRIES = 20;

/** Reads a shard; undefined when it is deleted. What looks like damage is looked at again before it is told. */
export async function checkShard(file: LogFile, context: CheckContext): Promise<CheckedFile | undefined> {
  const { dataDir, manifest } = context;
  const look = (): ShardState => readShardState(dataDir, file.shard, manifest);
  for (let tries = 1; ; tries++) {
    const state = look();
    const forms = await scanForms(state, context);
    const isSame = look().stamp === state.stamp;
    if (isSame && forms === undefined) return undefined;
    if (forms === undefined) continue;
    const checked = judge(file, forms, state.facts, context);
    const isSuspect = checked.isErasing || checked.damage.some(({ kind }) => OF_FILE.has(kind));
    const isSure =
      isSame &&
      (!isSuspect || (await isSettled(dataDir, { judged: state.stamp, stamp: () => look().stamp }, context.patience)));
    if (isSure || tries === MAX_TRIES) return checked;
  }
}

/** Reads the file that a writer appends to, up to its last whole line; undefined when it was sealed meanwhile. */
export async function checkActive(file: LogFile, { onBytes }: CheckContext): Promise<CheckedFile | undefined> {
  const { name, path, compression, bytes } = file;
  const form = { name, path, compression, bytes };
  const scanned = await scanForm(form, { isActive: true, onBytes });
  if (scanned === undefined) return undefined;
  const damage = scanned.scan?.damage ?? [unreadable(name)];
  const damaged = scanned.scan?.damaged ?? 1;
  return {
    file,
    forms: [scanned],
    facts: undefined,
    unfinished: undefined,
    isErasing: false,
    damage,
    damaged,
    notes: [],
  };
}

async function scanForms(
  { forms }: ShardState,
  { onBytes }: CheckContext,
): Promise<readonly [ScannedForm, ...ScannedForm[]] | undefined> {
  const [first, ...others] = forms;
  if (first === undefined) return undefined;
  const used = await scanForm(first, { isActive: false, onBytes });
  if (used === undefined) return undefined;
  const scanned: ScannedForm[] = [];
  for (const form of others) {
    const other = await scanForm(form, { isActive: false, onBytes: () => undefined });
    if (other) scanned.push(other);
  }
  return [used, ...scanned];
}

type FormOptions = { readonly isActive: boolean; readonly onBytes: (bytes: number) => void };

/** Undefined for a file that is gone. */
async function scanForm(form: ShardForm, { isActive, onBytes }: FormOptions): Promise<ScannedForm | undefined> {
  const { path, name } = form;
  try {
    const scan = await scanFile({ path, name, isActive, onBytes });
    if (form.compression !== "none") onBytes(form.bytes);
    return { ...form, scan };
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    if (systemErrorCode(error) === undefined) throw error;
    return { ...form, scan: undefined };
  }
}

function judge(
  file: LogFile,
  forms: readonly [ScannedForm, ...ScannedForm[]],
  facts: ShardFacts | undefined,
  { dataDir, repairs }: Pick<CheckContext, "dataDir" | "repairs">,
): CheckedFile {
  const [used, ...others] = forms;
  const { scan } = used;
  const written = repairs.written.get(file.shard);
  const isOurs = written !== undefined && written.sha256 === scan?.facts.sha256;
  const unfinished = isOurs && (facts === undefined || facts.generation < written.generation) ? written : undefined;
  const damage = scan === undefined ? [unreadable(used.name)] : [...scan.damage];
  const isOther = scan !== undefined && scan.damaged === 0 && !unfinished && facts?.sha256 !== scan.facts.sha256;
  const isErased = isOther && isErasing(dataDir, file.shard, scan.facts.sha256, facts);
  if (isOther && !isErased && facts) damage.push(changed(used.name, facts, scan));
  const extra = others.filter(({ scan: other }) => !isEqual(other, scan));
  damage.push(...extra.map(({ name }) => ofFile(name, "forms_differ", `it holds other lines than ${used.name}`)));
  const listed = scan?.damage.length ?? 0;
  return {
    file,
    forms,
    facts,
    unfinished,
    isErasing: isErased,
    damage,
    damaged: damage.length - listed + (scan?.damaged ?? 0),
    notes: [
      ...noteForms(forms, extra),
      ...(unfinished ? [noteUnfinished(used.name)] : []),
      ...(isErased ? [{ file: used.name, message: `was rewritten, but for the manifest: ${ERASE_AGAIN}` }] : []),
    ],
  };
}

function isEqual(a: FileScan | undefined, b: FileScan | undefined): boolean {
  return a !== undefined && b !== undefined && !a.isPartial && !b.isPartial && a.facts.sha256 === b.facts.sha256;
}

function noteForms([used, ...others]: readonly [ScannedForm, ...ScannedForm[]], bad: readonly ScannedForm[]): Note[] {
  const same = others.filter((form) => !bad.includes(form));
  return same.map(({ name }) => ({
    file: name,
    message: `holds the same lines as ${used.name}; the next rotation takes one of them away`,
  }));
}

function noteUnfinished(name: string): Note {
  return { file: name, message: "was repaired, but for the manifest: passerby verify --repair completes it" };
}

function changed(name: string, facts: ShardFacts, { facts: now }: FileScan): Damage {
  const message =
    `its lines are sound, but not those that were measured when it was sealed: ${facts.lines} lines of ` +
    `${facts.bytes} bytes then, ${now.lines} of ${now.bytes} now`;
  return ofFile(name, "checksum", message);
}

function unreadable(name: string): Damage {
  return ofFile(name, "unreadable", "the file cannot be read: see its mode and the disk's health");
}

function ofFile(file: string, kind: DamageKind, message: string): Damage {
  return { file, line: null, offset: null, kind, message };
}
