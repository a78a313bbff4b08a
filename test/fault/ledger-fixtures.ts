/** A ledger beside a log whose lines a test writes itself, with a clock that the test moves. */
import { appendFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Clock, systemClock } from "../../src/clock.ts";
import { type Ledger, openLedger } from "../../src/collector/ledger/open-ledger.ts";
import { encodeLines } from "../../src/log/write/encode-line.ts";
import { makeEvent } from "./make-event.ts";

/** A clock that stands still until it is moved. */
export type MovedClock = Clock & { readonly move: (ms: number) => void };

/** Makes a clock that shows a time. */
export function clockAt(time: string): MovedClock {
  let nowMs = Date.parse(time);
  return {
    ...systemClock,
    now: () => nowMs,
    move: (ms) => {
      nowMs += ms;
    },
  };
}

/** Events that are in the log, though nobody may have counted them yet. */
export type LoggedBatch = {
  readonly batch: readonly { readonly site: string; readonly receivedAt: string }[];
  readonly appended: { readonly start: string; readonly firstSeq: number };
};

/** Appends to a writer's active file as the log does, with numbers that go on from its start. */
export class LineWriter {
  private readonly dataDir: string;
  private start = "start0";
  private starts = 0;
  private seq = 0;

  constructor(dataDir: string) {
    this.dataDir = dataDir;
  }

  /** Begins a new start of the writer, as each process does. */
  restart(): void {
    this.starts += 1;
    this.start = `start${this.starts}`;
    this.seq = 0;
  }

  write(count: number, changes: { readonly site: string; readonly atMs: number }): LoggedBatch {
    const receivedAt = new Date(changes.atMs).toISOString();
    const batch = Array.from({ length: count }, () => makeEvent("e", { site: changes.site, receivedAt }));
    const appended = { start: this.start, firstSeq: this.seq };
    const lines = encodeLines(batch, { writer: "w1", start: this.start, seq: this.seq });
    this.seq += count;
    appendFileSync(join(this.dataDir, "metrics.jsonl"), lines);
    return { batch, appended };
  }
}

/** Opens the ledger of writer 1. It is dropped, as a kill would do, unless the test closes it. */
export function openTestLedger(dataDir: string, clock: Clock, warnings: string[] = []): Promise<Ledger> {
  const onWarning = (message: string): number => warnings.push(message);
  return openLedger({ dataDir, writer: 1, clock, retentionDays: 30, onWarning });
}

/** Names of the ledger's files in a folder. */
export function ledgerFiles(dataDir: string): readonly string[] {
  return readdirSync(dataDir)
    .filter((name) => name.startsWith("ledger-"))
    .sort();
}
