/** Counts the lines or rows of an input that cannot be read, and keeps the first of them to be shown. */

/** A line, or row, that cannot be read. The reason never repeats what it held. */
export type BadLineReport = { readonly line: number; readonly reason: string };

export type BadLineCounts = {
  readonly badLines: number;
  /** The first twenty of them. */
  readonly firstBadLines: readonly BadLineReport[];
};

const SHOWN_BAD_LINES = 20;

export class BadLines {
  private count = 0;
  private readonly first: BadLineReport[] = [];

  /** Notes one; `line` counts from 1. */
  add(line: number, reason: string): undefined {
    this.count += 1;
    if (this.first.length < SHOWN_BAD_LINES) this.first.push({ line, reason });
  }

  counts(): BadLineCounts {
    return { badLines: this.count, firstBadLines: this.first };
  }
}
