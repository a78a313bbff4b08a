/** What the workers last said of themselves, read as if they were one: the state of the log, warnings, arrivals, numbers. */
import { addReason } from "../../collector/ledger/counts.ts";
import { type LedgerView, readLedger, type TimeRange } from "../../collector/ledger/read-ledger.ts";
import type { Arrivals } from "../../collector/ledger/since-start.ts";
import type { LogStatus } from "../../log/log.ts";
import type { MetricNumbers } from "../health/take-numbers.ts";
import type { WorkerState } from "./messages.ts";

/** What holds until the first worker has spoken. */
const STARTING: LogStatus = {
  accepting: false,
  reason: undefined,
  message: "the workers are starting",
  queuedBytes: 0,
  file: "metrics.jsonl",
  fileExists: false,
  fileBytes: 0,
  tornLines: 0,
  appendedEvents: 0,
};

export class WorkerBoard {
  private readonly dataDir: string;
  private readonly writers: number;
  private readonly states = new Map<number, WorkerState>();

  constructor(dataDir: string, writers: number) {
    this.dataDir = dataDir;
    this.writers = writers;
  }

  /** Notes what a worker says of itself. */
  note(writer: number, state: WorkerState): void {
    this.states.set(writer, state);
  }

  /** The log of all: it accepts when each worker's does, since a client may come to any. */
  status(): LogStatus {
    const all = [...this.states.values()].map(({ status }) => status);
    if (all.length < this.writers) return STARTING;
    const refusing = all.find(({ accepting }) => !accepting);
    const sum = (read: (status: LogStatus) => number): number => all.reduce((total, status) => total + read(status), 0);
    return {
      accepting: refusing === undefined,
      reason: refusing?.reason,
      message: refusing?.message,
      queuedBytes: sum(({ queuedBytes }) => queuedBytes),
      file: all[0]?.file ?? STARTING.file,
      fileExists: all.every(({ fileExists }) => fileExists),
      fileBytes: sum(({ fileBytes }) => fileBytes),
      // Each counts the quarantine of the whole folder.
      tornLines: Math.max(...all.map(({ tornLines }) => tornLines)),
      appendedEvents: sum(({ appendedEvents }) => appendedEvents),
    };
  }

  warnings(): readonly string[] {
    return [...new Set([...this.states.values()].flatMap(({ warnings }) => warnings))];
  }

  numbers(): readonly (readonly MetricNumbers[])[] {
    return [...this.states.values()].map(({ numbers }) => numbers);
  }

  /** Reads the ledgers of all writers; as of the last second. */
  read(range: TimeRange): Promise<LedgerView> {
    return readLedger(this.dataDir, range);
  }

  /** What has arrived for a site since the workers started; at most a second old. */
  arrivals(site: string): Arrivals {
    return [...this.states.values()]
      .flatMap(({ arrivals }) => arrivals[site] ?? [])
      .reduce(addArrivals, { received: 0, stored: 0, dropped: {}, refused: {}, notes: [], client_lost: 0 });
  }
}

function addArrivals(a: Arrivals, b: Arrivals): Arrivals {
  const notes = new Map<string, Arrivals["notes"][number]>();
  for (const note of [...a.notes, ...b.notes]) {
    const key = `${note.kind} ${note.reason} ${note.subject}`;
    notes.set(key, { ...note, count: note.count + (notes.get(key)?.count ?? 0) });
  }
  return {
    received: a.received + b.received,
    stored: a.stored + b.stored,
    dropped: addCounts(a.dropped, b.dropped),
    refused: addCounts(a.refused, b.refused),
    notes: [...notes.values()],
    client_lost: a.client_lost + b.client_lost,
  };
}

function addCounts(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  const sum = { ...a };
  for (const [reason, count] of Object.entries(b)) addReason(sum, reason, count);
  return sum;
}
