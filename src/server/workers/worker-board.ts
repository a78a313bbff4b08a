/**
 * What the workers last said of themselves, read as if they were one: the state of the log, warnings, arrivals, numbers.
 * What a worker that has ended had counted stays in the sums, since whoever takes its place counts from nothing.
 */
import { type LedgerView, readLedger, type TimeRange } from "../../collector/ledger/read-ledger.ts";
import type { Arrivals } from "../../collector/ledger/since-start.ts";
import type { LogStatus } from "../../log/log.ts";
import type { MetricNumbers } from "../health/take-numbers.ts";
import { addArrivals, NOTHING_ARRIVED } from "./add-arrivals.ts";
import { countersOnly } from "./add-numbers.ts";
import type { WorkerState } from "./messages.ts";

/** What holds until all workers have spoken, and when none is left. */
const STARTING: LogStatus = {
  accepting: false,
  reason: undefined,
  message: "the workers are starting",
  queuedBytes: 0,
  file: "metrics.jsonl",
  fileExists: false,
  fileBytes: 0,
  fileDay: undefined,
  tornLines: 0,
  appendedEvents: 0,
};

export class WorkerBoard {
  private readonly dataDir: string;
  private readonly writers: number;
  private readonly states = new Map<number, WorkerState>();
  private readonly down = new Set<number>();
  /** What workers that have ended had counted, by site, and their counters. */
  private readonly endedArrivals = new Map<string, Arrivals>();
  private endedNumbers: readonly MetricNumbers[] = [];

  constructor(dataDir: string, writers: number) {
    this.dataDir = dataDir;
    this.writers = writers;
  }

  /** Notes what a worker says of itself. */
  note(writer: number, state: WorkerState): void {
    this.states.set(writer, state);
    this.down.delete(writer);
  }

  /** Notes that a worker has ended; what it said last is all that is known of what it counted. */
  noteEnd(writer: number): void {
    const state = this.states.get(writer);
    this.states.delete(writer);
    this.down.add(writer);
    if (state === undefined) return;
    for (const [site, arrivals] of Object.entries(state.arrivals)) {
      this.endedArrivals.set(site, addArrivals(this.endedArrivals.get(site) ?? NOTHING_ARRIVED, arrivals));
    }
    this.endedNumbers = countersOnly([this.endedNumbers, state.numbers]);
  }

  /** The log of all: it accepts when each worker's does, since a client may come to any; one that is down takes nobody. */
  status(): LogStatus {
    const all = [...this.states.values()].map(({ status }) => status);
    if (all.length === 0 || all.length + this.down.size < this.writers) return STARTING;
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
      fileDay: all
        .map(({ fileDay }) => fileDay)
        .filter((day) => day !== undefined)
        .sort()[0],
      // Each counts the quarantine of the whole folder.
      tornLines: Math.max(...all.map(({ tornLines }) => tornLines)),
      appendedEvents: sum(({ appendedEvents }) => appendedEvents),
    };
  }

  warnings(): readonly string[] {
    const own = [...this.down].map(
      (writer) =>
        `worker ${writer} does not run and is being started again: until then events whose ids are its own are refused`,
    );
    return [...new Set([...own, ...[...this.states.values()].flatMap(({ warnings }) => warnings)])];
  }

  /** Numbers of each worker, and the counters of those that have ended. */
  numbers(): readonly (readonly MetricNumbers[])[] {
    return [...[...this.states.values()].map(({ numbers }) => numbers), this.endedNumbers];
  }

  /** Reads the ledgers of all writers; as of the last second. */
  read(range: TimeRange): Promise<LedgerView> {
    return readLedger(this.dataDir, range);
  }

  /** What has arrived for a site since the server started; at most a second old. */
  arrivals(site: string): Arrivals {
    const running = [...this.states.values()].flatMap(({ arrivals }) => arrivals[site] ?? []);
    return running.reduce(addArrivals, this.endedArrivals.get(site) ?? NOTHING_ARRIVED);
  }
}
