/**
 * Reads the events of the whole log for an export, each once, in the log's order, in bounded memory. It promises that
 * files which are sealed, compressed or deleted meanwhile cost nothing but themselves, and that what is left out is
 * counted.
 *
 * A copy of an event is left out by the collector's rule: its id is among the newest that were read. The window is by
 * number, so memory does not grow with the log; a copy further behind the first than that is not noticed.
 */
import type { Clock } from "../../clock.ts";
import { IdWindow } from "../../collector/duplicates/id-window.ts";
import { systemErrorCode } from "../../errors.ts";
import type { StoredEvent } from "../../event.ts";
import { type LogFile, listLogFiles } from "../../log/files/log-files.ts";
import { isStoredEvent, type LineProblem } from "../../log/read/decode-line.ts";
import { type OpenLogFile, openLogFile } from "../../log/read/read-lines.ts";
import type { EventFilter } from "./event-filter.ts";

/** What was read and left out. */
export type ReadCounts = {
  files: number;
  /** Events that the filter took. */
  events: number;
  duplicates: number;
  /** Lines of events that were erased on request. */
  erased: number;
  /** Lines that a newer version wrote. */
  newer: number;
  /** Lines that hold no event, and compressed files that end too early. */
  damaged: number;
};

export type LogReading = {
  readonly dataDir: string;
  readonly filter: EventFilter;
  readonly clock: Clock;
  /** Ids that are remembered, 24 bytes each. */
  readonly windowIds: number;
  /** Told how much of the log is read, from 0 to 1. */
  readonly onProgress: (share: number) => void;
};

const BATCH_EVENTS = 500;
/** How often the folder is listed again when a file has gone between listing and opening. */
const MAX_LISTINGS = 5;

export class LogReader {
  readonly counts: ReadCounts = { files: 0, events: 0, duplicates: 0, erased: 0, newer: 0, damaged: 0 };
  private readonly reading: LogReading;
  private readonly ids: IdWindow;
  /** Identities of the files that were read: they survive sealing and compression. */
  private readonly done = new Set<string>();
  private totalBytes = 0;
  private doneBytes = 0;

  constructor(reading: LogReading) {
    this.reading = reading;
    this.ids = new IdWindow(reading.windowIds, new DataView(reading.clock.randomBytes(4).slice().buffer).getUint32(0));
  }

  /** Yields the events in batches. */
  async *batches(): AsyncGenerator<readonly StoredEvent[], void, void> {
    for (let listing = 1; listing <= MAX_LISTINGS; listing += 1) {
      const files = await listLogFiles(this.reading.dataDir);
      this.totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
      this.doneBytes = 0;
      let isComplete = true;
      for (const file of files) {
        const open = await openIfThere(file);
        if (open === undefined) isComplete = false;
        else yield* this.readFile(file, open);
        this.doneBytes += file.bytes;
      }
      if (isComplete) return;
    }
  }

  private async *readFile(file: LogFile, open: OpenLogFile): AsyncGenerator<readonly StoredEvent[], void, void> {
    try {
      if (open.identity !== undefined && this.done.has(open.identity)) return;
      if (open.identity !== undefined) this.done.add(open.identity);
      this.counts.files += 1;
      let batch: StoredEvent[] = [];
      for await (const { decoded, nextOffset } of open.events(0)) {
        if (!isStoredEvent(decoded)) this.countProblem(decoded);
        else if (this.isWanted(decoded)) batch.push(decoded);
        if (batch.length < BATCH_EVENTS) continue;
        this.tell(file.compression === "none" ? nextOffset : 0);
        yield batch;
        batch = [];
      }
      if (open.damage() !== undefined) this.counts.damaged += 1;
      this.tell(file.bytes);
      if (batch.length > 0) yield batch;
    } finally {
      await open.close();
    }
  }

  private isWanted(event: StoredEvent): boolean {
    if (!this.ids.add(event.eventId)) {
      this.counts.duplicates += 1;
      return false;
    }
    const isWanted = this.reading.filter(event);
    if (isWanted) this.counts.events += 1;
    return isWanted;
  }

  private countProblem({ problem }: LineProblem): void {
    if (problem === "erased") this.counts.erased += 1;
    else if (problem === "newer_version") this.counts.newer += 1;
    else this.counts.damaged += 1;
  }

  private tell(bytesOfFile: number): void {
    this.reading.onProgress(Math.min((this.doneBytes + bytesOfFile) / Math.max(this.totalBytes, 1), 1));
  }
}

/** Undefined for a file that was sealed under another name, compressed or deleted since it was listed. */
async function openIfThere({ path }: LogFile): Promise<OpenLogFile | undefined> {
  try {
    return await openLogFile(path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
