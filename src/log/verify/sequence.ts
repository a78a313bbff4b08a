/**
 * The numbers of lines: within one start of a writer they rise by one. A file's lines are taken in as runs, and the runs of
 * all files are held against each other when all are read, so that neither the order of files nor a shard that is
 * sealed meanwhile matters.
 */
import { count, type Damage, type LinePosition, type SeqRange } from "./findings.ts";

/** Numbers that follow each other in one file, and how much damage of the file lies in front of the first of them. */
export type Run = SeqRange & {
  readonly line: number;
  readonly offset: number;
  /** How many lines the damage in front of the run, back to the run before it of the same start, may have held. */
  readonly hiddenBefore: number;
  /** As `hiddenBefore`, from the run's end to the end of the file; 0 where another run of the start follows. */
  readonly hiddenAfter: number;
};

/** About the shortest line there is, an erased one: damage of so many bytes hides one more line. */
const MIN_LINE_BYTES = 60;

type OpenRun = { -readonly [Key in keyof Run]: Run[Key] };

/** Takes in the lines of one file, in their order. */
export class RunCollector {
  private readonly runs: OpenRun[] = [];
  private readonly last = new Map<string, { readonly run: OpenRun; hidden: number }>();
  private hidden = 0;

  /** Takes in a sound line. */
  add({ writer, start, seq }: LinePosition, line: number, offset: number): void {
    const key = `${writer}/${start}`;
    const last = this.last.get(key);
    if (last !== undefined && seq === last.run.to + 1) {
      last.run.to = seq;
      last.hidden = this.hidden;
      return;
    }
    const hiddenBefore = this.hidden - (last?.hidden ?? 0);
    const run = { writer, start, from: seq, to: seq, line, offset, hiddenBefore, hiddenAfter: 0 };
    this.runs.push(run);
    this.last.set(key, { run, hidden: this.hidden });
  }

  /** Takes in damage that may hide lines: at most as many as fit, and the one it begins in. */
  addDamage(bytes: number): void {
    this.hidden += Math.floor(bytes / MIN_LINE_BYTES) + 1;
  }

  /** Returns the runs of the file, and how many lines its damage may hide in all. */
  finish(): { readonly runs: readonly Run[]; readonly hidden: number } {
    for (const { run, hidden } of this.last.values()) run.hiddenAfter = this.hidden - hidden;
    return { runs: this.runs, hidden: this.hidden };
  }
}

/** The runs of a file; `series` is the same for files that one writer has filled one after the other. */
export type FileRuns = {
  readonly file: string;
  readonly series: string;
  readonly runs: readonly Run[];
  /** How many lines its damage may hide. */
  readonly hidden: number;
  /** Whether lines may be missing from it in any number: a file that is gone, or breaks off. */
  readonly isPartial: boolean;
};

/** What is wrong with the numbers of the log, and which numbers went with lines that are damaged themselves. */
export type OrderReport = {
  readonly damage: readonly Damage[];
  /** Gaps and repeats of `damage`. */
  readonly ranges: readonly SeqRange[];
  /** Numbers that are not there since the lines that had them are damaged. */
  readonly lost: readonly SeqRange[];
};

type Placed = { readonly run: Run; readonly fileIndex: number; readonly index: number };
type Judged = { readonly damage: Damage; readonly range: SeqRange | undefined };

/**
 * Compares the runs of all files, given in the log's order. The first number seen of a start is taken for its beginning:
 * what was before it may have been deleted. `known` are ranges that are accounted for.
 */
export function checkOrder(files: readonly FileRuns[], known: readonly SeqRange[]): OrderReport {
  const placed = files.flatMap(({ runs }, fileIndex) => runs.map((run, index) => ({ run, fileIndex, index })));
  const knownByStart = Map.groupBy(known, startOf);
  const lost: SeqRange[] = [];
  const found: Judged[] = [];
  for (const [start, runs] of Map.groupBy(placed, ({ run }) => startOf(run))) {
    const sorted = runs.toSorted((a, b) => a.run.from - b.run.from || a.fileIndex - b.fileIndex || a.index - b.index);
    found.push(...checkStart(sorted, { files, known: knownByStart.get(start) ?? [], lost }));
  }
  return {
    damage: found.map(({ damage }) => damage),
    ranges: found.flatMap(({ range }) => (range ? [range] : [])),
    lost,
  };
}

type StartContext = {
  readonly files: readonly FileRuns[];
  readonly known: readonly SeqRange[];
  readonly lost: SeqRange[];
};

/** Goes through the runs of one start by their numbers. */
function checkStart(sorted: readonly Placed[], context: StartContext): readonly Judged[] {
  const found: Judged[] = [];
  let before: Placed | undefined;
  for (const placed of sorted) {
    const judged = before && judgeRun(before, placed, context);
    if (judged) found.push(judged);
    if (before === undefined || placed.run.to > before.run.to) before = placed;
  }
  return found;
}

function judgeRun(before: Placed, placed: Placed, { files, known, lost }: StartContext): Judged | undefined {
  const { run, fileIndex } = placed;
  const { writer, start } = run;
  if (run.from <= before.run.to) {
    const repeated = { writer, start, from: run.from, to: Math.min(run.to, before.run.to) };
    if (isCovered(repeated, known)) return undefined;
    return { damage: tell(placed, files, { kind: "repeat", range: repeated }), range: repeated };
  }
  const gap = { writer, start, from: before.run.to + 1, to: run.from - 1 };
  if (gap.from > gap.to || isCovered(gap, known)) {
    const isBackwards = before.fileIndex === fileIndex && before.index > placed.index;
    if (!isBackwards) return undefined;
    return { damage: tell(before, files, { kind: "out_of_order", range: before.run }), range: undefined };
  }
  if (gap.to - gap.from + 1 > hiddenBetween(before, placed, files)) {
    return { damage: tell(placed, files, { kind: "gap", range: gap }), range: gap };
  }
  lost.push(gap);
  return undefined;
}

const MESSAGES = {
  gap: "are not there",
  repeat: "stand a second time",
  out_of_order: "stand behind later ones",
} as const;
type Told = { readonly kind: keyof typeof MESSAGES; readonly range: SeqRange };

function tell({ run, fileIndex }: Placed, files: readonly FileRuns[], { kind, range }: Told): Damage {
  const { writer, start, from, to } = range;
  const message = `${count(to - from + 1, "line")} of ${writer}/${start}, ${from} to ${to}, ${MESSAGES[kind]}`;
  return { file: files[fileIndex]?.file ?? "", line: run.line, offset: run.offset, kind, message };
}

function hiddenBetween(before: Placed, placed: Placed, files: readonly FileRuns[]): number {
  if (before.fileIndex === placed.fileIndex) return placed.run.hiddenBefore;
  const series = files[placed.fileIndex]?.series;
  const between = files.slice(before.fileIndex, placed.fileIndex + 1).filter((file) => file.series === series);
  if (between.some(({ isPartial }) => isPartial)) return Number.POSITIVE_INFINITY;
  const inside = between.slice(1, -1).reduce((sum, { hidden }) => sum + hidden, 0);
  return before.run.hiddenAfter + inside + placed.run.hiddenBefore;
}

function isCovered({ from, to }: SeqRange, known: readonly SeqRange[]): boolean {
  let next = from;
  for (const range of known.toSorted((a, b) => a.from - b.from)) {
    if (range.from <= next && range.to >= next) next = range.to + 1;
  }
  return next > to;
}

function startOf({ writer, start }: SeqRange): string {
  return `${writer}/${start}`;
}
