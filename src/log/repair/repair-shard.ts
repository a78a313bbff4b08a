/**
 * Repairs one shard. Killed between any two steps it leaves what it found, or a shard that is repaired and only lacks its
 * entry in the manifest, which `repairs.jsonl` tells; the next repair completes that.
 */
import { renameSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { type Clock, utcDay } from "../../clock.ts";
import { syncFolder } from "../files/durable-file.ts";
import { readManifest, type ShardFacts, withShard, writeManifest } from "../files/manifest.ts";
import type { CheckedFile, ScannedForm } from "../verify/check-shard.ts";
import { count } from "../verify/findings.ts";
import { addRepair } from "../verify/repairs-file.ts";
import type { FileScan } from "../verify/scan-file.ts";
import { type QuarantineOptions, quarantineFile, quarantineLines, REPAIR_TMP } from "./quarantine-lines.ts";
import { writeRepaired } from "./write-repaired.ts";

/** What is done to a shard, in this order; a kill may come between any two. */
export const REPAIR_STEPS = ["known", "quarantine", "rewrite", "record", "replace", "manifest"] as const;
export type RepairStep = (typeof REPAIR_STEPS)[number];

export type RepairContext = {
  readonly dataDir: string;
  readonly clock: Clock;
  /** Told when a step is on disk. */
  readonly onStep: (step: RepairStep) => void;
};

/** What was done to a file; `aside` names the files that hold what was moved out of it. */
export type RepairAction = { readonly file: string; readonly message: string; readonly aside: readonly string[] };

/** Says whether a repair changes a shard: damaged lines, an end that cannot be read, forms that differ, or a repair cut short. */
export function needsRepair(checked: CheckedFile): boolean {
  if (checked.file.kind === "active") return false;
  return checked.unfinished !== undefined || chooseForm(checked) !== undefined;
}

/** Repairs a shard that needs it. For who has claimed the shards. Throws the system's error. */
export async function repairShard(checked: CheckedFile, context: RepairContext): Promise<RepairAction> {
  const { dataDir, onStep } = context;
  const chosen = chooseForm(checked);
  const { shard } = checked.file;
  if (chosen === undefined) {
    if (checked.unfinished) recordFacts(dataDir, shard, checked.unfinished);
    onStep("manifest");
    return { file: shard, message: "the manifest has what an earlier repair made of it", aside: [] };
  }
  const { form, others, isRewritten } = chosen;
  const aside = await moveAside(checked, chosen, context);
  onStep("quarantine");
  const temporary = join(dataDir, `${form.name}${REPAIR_TMP}`);
  const measured = isRewritten ? await writeRepaired(form, temporary) : form.scan.facts;
  onStep("rewrite");
  const facts = { ...measured, generation: nextGeneration(checked) };
  addRepair(dataDir, { at: new Date(context.clock.now()).toISOString(), shard, facts, aside });
  onStep("record");
  if (isRewritten) renameSync(temporary, form.path);
  for (const other of others) unlinkSync(other.path);
  syncFolder(dataDir);
  onStep("replace");
  recordFacts(dataDir, shard, facts);
  onStep("manifest");
  return { file: form.name, message: describe(chosen), aside };
}

/** Puts a shard's facts into the manifest as it is now. */
export function recordFacts(dataDir: string, shard: string, facts: ShardFacts): void {
  writeManifest(dataDir, withShard(readManifest(dataDir), shard, facts));
}

/** Returns the generation that a rewritten shard gets. */
export function nextGeneration({ facts, unfinished }: CheckedFile): number {
  return Math.max(facts?.generation ?? 0, unfinished?.generation ?? 0) + 1;
}

type ReadForm = ScannedForm & { readonly scan: FileScan };
type Choice = {
  /** The form that stays. */
  readonly form: ReadForm;
  readonly isRewritten: boolean;
  /** Forms that go: what they hold is in the one that stays, or moved aside. */
  readonly others: readonly ReadForm[];
};

/** Chooses the form that stays: the one that was measured, else one without damage, else the one that readers use. */
function chooseForm({ forms, facts }: CheckedFile): Choice | undefined {
  const readable = forms.filter(isRead);
  const sound = readable.filter(({ scan }) => scan.damaged === 0);
  const form = sound.find(({ scan }) => scan.facts.sha256 === facts?.sha256) ?? sound[0] ?? readable[0];
  if (form === undefined) return undefined;
  const isRewritten = form.scan.damaged > 0;
  const others = readable.filter((other) => other !== form && (isRewritten || !holdsSame(other, form)));
  return isRewritten || others.length > 0 ? { form, isRewritten, others } : undefined;
}

function isRead(form: ScannedForm): form is ReadForm {
  return form.scan !== undefined;
}

function holdsSame(a: ReadForm, b: ReadForm): boolean {
  return !a.scan.isPartial && !b.scan.isPartial && a.scan.facts.sha256 === b.scan.facts.sha256;
}

async function moveAside({ file }: CheckedFile, chosen: Choice, context: RepairContext): Promise<readonly string[]> {
  const { dataDir, clock } = context;
  const { form, others } = chosen;
  const options: QuarantineOptions = { dataDir, file, day: file.kind === "sealed" ? file.day : utcDay(clock.now()) };
  const names: string[] = [];
  if (form.scan.aside.length > 0) names.push(await quarantineLines(options, form.path, form.scan.aside));
  if (form.scan.isPartial) names.push(await quarantineFile(options, form.path));
  for (const other of others) {
    if (!holdsSame(other, form)) names.push(await quarantineFile(options, other.path));
  }
  return names;
}

function describe({ form, isRewritten, others }: Choice): string {
  const parts = [
    ...(isRewritten ? [`rewritten without ${count(form.scan.damaged, "damage")}`] : []),
    ...others.map(({ name }) => `${name} taken away`),
  ];
  return parts.join(", ");
}
