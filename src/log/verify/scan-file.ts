/** Reads a file of the log once: judges every line, counts, and takes the checksum on the way, in bounded memory. */
import { createHash, type Hash } from "node:crypto";
import type { Compression } from "../files/log-files.ts";
import type { ShardFacts } from "../files/manifest.ts";
import { openLineSource } from "../read/line-source.ts";
import { MAX_LINE_BYTES } from "../read/read-chunks.ts";
import type { Damage, DamageKind } from "./findings.ts";
import { type DamagedLine, isDamaged, judgeLine, type SoundLine, tooLong } from "./judge-line.ts";
import { type Run, RunCollector } from "./sequence.ts";

/** Bytes of a file's lines, from the first to the one behind the last. */
export type ByteRange = { readonly from: number; readonly to: number };

/** What a file holds. */
export type FileScan = {
  readonly facts: Omit<ShardFacts, "generation">;
  readonly events: number;
  readonly erased: number;
  readonly newerVersion: number;
  /** The first damages; `damaged` counts all of them. */
  readonly damage: readonly Damage[];
  readonly damaged: number;
  /** Lines that are damaged, joined where they touch. */
  readonly aside: readonly ByteRange[];
  /** What the file is to be without: `aside`, but for lines that are sound once a part of them is gone. */
  readonly surplus: readonly ByteRange[];
  readonly runs: readonly Run[];
  readonly hidden: number;
  /** Whether a compressed file could not be read to its end. */
  readonly isPartial: boolean;
};

export type ScanOptions = {
  readonly path: string;
  /** Name in the reports. */
  readonly name: string;
  /** Whether somebody may be appending: what follows the last whole line is left for later. */
  readonly isActive: boolean;
  /** Default: by the ending of the path. */
  readonly compression?: Compression;
  /** Told of each piece of a file that is not compressed, in bytes. */
  readonly onBytes?: (bytes: number) => void;
};

const CHUNK_BYTES = 1_048_576;
const NEWLINE = 0x0a;
/** So many damages of one file are told by place; the rest is counted. */
const MAX_LISTED = 1_000;

/** Reads a file to its end. Throws the system's error when it is gone or unreadable. */
export async function scanFile(options: ScanOptions): Promise<FileScan> {
  const source = await openLineSource(options.path, options.compression);
  try {
    const scan = new Scan(options.name);
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let position = 0; ; ) {
      const bytes = await source.read(chunk, CHUNK_BYTES, position);
      if (bytes === 0) break;
      position += bytes;
      scan.push(chunk.subarray(0, bytes));
      if (source.bytes !== Number.MAX_SAFE_INTEGER) options.onBytes?.(bytes);
    }
    const damage = source.damage();
    if (damage !== undefined) scan.breakOff(damage);
    else if (!options.isActive) scan.endSealed();
    return scan.result();
  } finally {
    await source.close();
  }
}

/** The state of one reading. */
class Scan {
  private readonly name: string;
  private readonly hash: Hash = createHash("sha256");
  private readonly collector = new RunCollector();
  private readonly counts = { event: 0, erased: 0, newer_version: 0 };
  private readonly damage: Damage[] = [];
  private readonly aside: ByteRange[] = [];
  private readonly surplus: ByteRange[] = [];
  private bytes = 0;
  private lines = 0;
  private damaged = 0;
  private first: string | null = null;
  private isPartial = false;
  /** Where the line begins that is being read, and what is held of it: nothing once it is too long. */
  private offset = 0;
  private held: Buffer[] = [];

  constructor(name: string) {
    this.name = name;
  }

  push(chunk: Buffer): void {
    this.hash.update(chunk);
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      this.endLine(chunk.subarray(from, end), this.bytes + end);
      from = end + 1;
    }
    this.bytes += chunk.length;
    if (this.bytes - this.offset > MAX_LINE_BYTES) this.held = [];
    else if (from < chunk.length) this.held.push(Buffer.from(chunk.subarray(from)));
  }

  /** Ends a file that nobody appends to: a last line without its newline was cut off. */
  endSealed(): void {
    const bytes = this.bytes - this.offset;
    if (bytes === 0) return;
    this.addDamage({ kind: "torn", message: `the last line, of ${bytes} bytes, has no newline` }, this.bytes);
  }

  /** Ends a compressed file whose rest is unreadable. */
  breakOff(reason: string): void {
    this.isPartial = true;
    this.note("breaks_off", `what follows cannot be read: ${reason}`);
    addRange(this.surplus, { from: this.offset, to: this.bytes });
  }

  result(): FileScan {
    const { bytes, lines, first, damage, damaged, aside, surplus, isPartial } = this;
    const { event: events, erased, newer_version: newerVersion } = this.counts;
    const facts = { sha256: this.hash.digest("hex"), bytes, lines, first };
    const found = { damage, damaged, aside, surplus, isPartial };
    return { facts, events, erased, newerVersion, ...found, ...this.collector.finish() };
  }

  private endLine(rest: Buffer, end: number): void {
    const bytes = end - this.offset;
    const line = this.held.length === 0 ? rest : Buffer.concat([...this.held, rest]);
    const judged = bytes > MAX_LINE_BYTES ? tooLong(bytes) : judgeLine(line);
    if (isDamaged(judged)) this.addDamage(judged, end + 1);
    else this.addSound(judged, bytes);
    this.lines += 1;
    this.offset = end + 1;
    if (this.held.length > 0) this.held = [];
  }

  private addSound({ kind, position }: SoundLine, bytes: number): void {
    this.counts[kind] += 1;
    if (position === undefined)
      this.collector.addDamage(bytes); // It had a number, though it does not tell it.
    else this.collector.add(position, this.lines + 1, this.offset);
    if (position !== undefined) this.first ??= `${position.writer}/${position.start}/${position.seq}`;
  }

  private addDamage({ kind, message, mended }: DamagedLine, end: number): void {
    this.note(kind, message);
    const from = this.offset;
    const position = mended?.line.position;
    addRange(this.aside, { from, to: end });
    addRange(this.surplus, mended ? moveRange(mended.surplus, from) : { from, to: end });
    if (position === undefined) this.collector.addDamage(end - from);
    else this.collector.add(position, this.lines + 1, from);
  }

  private note(kind: DamageKind, message: string): void {
    this.damaged += 1;
    if (this.damage.length >= MAX_LISTED) return;
    this.damage.push({ file: this.name, line: this.lines + 1, offset: this.offset, kind, message });
  }
}

function moveRange({ from, to }: ByteRange, by: number): ByteRange {
  return { from: from + by, to: to + by };
}

function addRange(ranges: ByteRange[], range: ByteRange): void {
  const last = ranges.at(-1);
  if (range.from === range.to) return;
  if (last?.to === range.from) ranges[ranges.length - 1] = { from: last.from, to: range.to };
  else ranges.push(range);
}
