/**
 * Group commit: events that arrive while one sync runs share the next. Two buffers, one in flight at the writer's
 * thread and one being filled, no linger, and a bound on the bytes that wait. An append resolves when its lines are on
 * disk and rejects when none of them is. After a failure everything that waits is rejected, a new start id begins (so
 * that no number is used twice), and the writer tries twice a second whether it can go on.
 */
import type { Clock } from "../../clock.ts";
import { PasserbyError } from "../../errors.ts";
import type { AcceptedEvent } from "../../event.ts";
import { encodeLines } from "./encode-line.ts";
import { LineBuffer } from "./line-buffer.ts";
import type { WriterAnswer, WriterClient } from "./writer-client.ts";

export type GroupCommitOptions = {
  readonly client: WriterClient;
  /** Name of the writer in each line, `w1`. */
  readonly writer: string;
  readonly clock: Clock;
  readonly maxQueueBytes: number;
  readonly onWarning: (message: string) => void;
  /** Told the milliseconds of each sync. */
  readonly onSync?: (syncMs: number) => void;
};

/** Where a batch is: its lines stand in `file` (base name), numbered from `firstSeq` on. */
export type Appended = {
  readonly file: string;
  readonly writer: string;
  readonly start: string;
  readonly firstSeq: number;
};

/** Why a log does not take events: no space, another fault of the disk, too many bytes waiting, or the end. */
export type RefusalCause = "disk_full" | "disk_error" | "queue_full" | "closing";

type Waiter = {
  readonly position: Omit<Appended, "file">;
  readonly events: number;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: PasserbyError) => void;
};

type Failure = { readonly cause: RefusalCause; readonly message: string };

const PROBE_INTERVAL_MS = 500;

export class GroupCommit {
  private readonly options: GroupCommitOptions;
  private file = { name: "", bytes: 0, tornLines: 0 };
  private start: string;
  private nextSeq = 0;
  private appendedEvents = 0;
  private readonly lines: LineBuffer = new LineBuffer();
  private waiters: Waiter[] = [];
  private inFlightBytes = 0;
  private running: Promise<void> | undefined;
  private failure: Failure | undefined;
  private probing: Promise<void> | undefined;
  private retry: NodeJS.Timeout | undefined;
  private isClosing = false;

  constructor(options: GroupCommitOptions) {
    this.options = options;
    this.start = newStart(options.clock);
  }

  /** Waits until the writer has its file open; throws `data_dir_unusable`. */
  async open(): Promise<void> {
    const answer = await this.options.client.prepare();
    if (this.noteReady(answer)) return;
    const message = answer.kind === "not_ready" ? answer.message : "its writer thread ended";
    throw new PasserbyError("data_dir_unusable", `the log cannot be opened: ${message}`);
  }

  get status(): {
    readonly file: string;
    readonly fileBytes: number;
    readonly tornLines: number;
    readonly start: string;
    readonly queuedBytes: number;
    readonly appendedEvents: number;
    readonly refusal: Failure | undefined;
  } {
    const { name, bytes, tornLines } = this.file;
    const { start, queuedBytes, appendedEvents } = this;
    return {
      file: name,
      fileBytes: bytes,
      tornLines,
      start,
      queuedBytes,
      appendedEvents,
      refusal: this.findRefusal(0),
    };
  }

  /** Appends a batch as a whole; rejects with `log_unavailable` when nothing of it is stored. */
  append(events: readonly AcceptedEvent[]): Promise<Appended> {
    const refusal = this.findRefusal(0);
    if (refusal) return Promise.reject(unavailable(refusal));
    const position = { writer: this.options.writer, start: this.start, firstSeq: this.nextSeq };
    if (events.length === 0) return Promise.resolve({ ...position, file: this.file.name });
    const lines = encodeLines(events, { writer: position.writer, start: position.start, seq: position.firstSeq });
    const bytes = Buffer.byteLength(lines);
    const overflow = this.findRefusal(bytes);
    if (overflow) return Promise.reject(unavailable(overflow));
    this.lines.add(lines, bytes);
    this.nextSeq += events.length;
    this.running ??= this.run();
    return new Promise((resolve, reject) => {
      this.waiters.push({ position, events: events.length, resolve, reject });
    });
  }

  /** Refuses new batches, waits for those that were taken, closes the file. */
  async close(): Promise<void> {
    this.isClosing = true;
    clearTimeout(this.retry);
    await this.running;
    await this.probing;
    await this.options.client.close();
  }

  private get queuedBytes(): number {
    return this.lines.bytes + this.inFlightBytes;
  }

  private findRefusal(bytes: number): Failure | undefined {
    if (this.isClosing) return { cause: "closing", message: "the log is closing" };
    if (this.failure) return this.failure;
    const { queuedBytes } = this;
    const { maxQueueBytes } = this.options;
    // An empty queue takes a batch of any size, else a large one could never be stored.
    if (queuedBytes === 0 || queuedBytes + bytes < maxQueueBytes) return undefined;
    return { cause: "queue_full", message: `${queuedBytes} bytes wait for the disk, the bound is ${maxQueueBytes}` };
  }

  private async run(): Promise<void> {
    // What else came in the same turn of the event loop goes into the first commit; this waits for nothing outside.
    await new Promise(setImmediate);
    while (this.lines.bytes > 0) {
      const { buffer, bytes } = this.lines.take();
      const batch = this.waiters;
      this.waiters = [];
      this.inFlightBytes = bytes;
      const answer = await this.options.client.commit(buffer, bytes);
      this.inFlightBytes = 0;
      if (answer.kind === "committed") this.settle(batch, answer);
      else this.fail(batch, answer);
    }
    this.running = undefined;
  }

  private settle(batch: readonly Waiter[], answer: Extract<WriterAnswer, { kind: "committed" }>): void {
    this.lines.giveBack(answer.buffer);
    this.file = { ...this.file, name: answer.file, bytes: answer.fileBytes };
    if (answer.syncMs !== null) this.options.onSync?.(answer.syncMs);
    for (const { position, events, resolve } of batch) {
      this.appendedEvents += events;
      resolve({ ...position, file: answer.file });
    }
  }

  private fail(batch: readonly Waiter[], answer: WriterAnswer): void {
    if (answer.kind === "failed") this.lines.giveBack(answer.buffer);
    const failure = describeFailure(answer);
    const detail = answer.kind === "failed" ? answer.message : failure.message;
    this.options.onWarning(`the log does not take events, and tries again twice a second: ${detail}`);
    const rejected = [...batch, ...this.waiters];
    this.failure = failure;
    this.waiters = [];
    this.lines.clear();
    this.start = newStart(this.options.clock);
    this.nextSeq = 0;
    for (const { reject } of rejected) reject(unavailable(failure));
    this.scheduleProbe();
  }

  private scheduleProbe(): void {
    if (this.isClosing) return;
    this.retry = setTimeout(() => {
      this.probing = this.probe();
    }, PROBE_INTERVAL_MS);
  }

  private async probe(): Promise<void> {
    const answer = await this.options.client.prepare();
    if (!this.noteReady(answer)) return this.scheduleProbe();
    this.failure = undefined;
    this.options.onWarning("the log takes events again");
  }

  private noteReady(answer: WriterAnswer): boolean {
    if (answer.kind !== "ready") return false;
    this.file = { name: answer.file, bytes: answer.fileBytes, tornLines: answer.tornLines };
    return true;
  }
}

function newStart(clock: Clock): string {
  return Buffer.from(clock.randomBytes(9)).toString("base64url");
}

/** What clients may read: the system's own message names paths and goes to the operator only. */
function describeFailure(answer: WriterAnswer): Failure {
  if (answer.kind !== "failed") return { cause: "disk_error", message: "the log's writer thread ended" };
  const isFull = answer.code === "ENOSPC" || answer.code === "EDQUOT";
  if (isFull) return { cause: "disk_full", message: "the disk is full" };
  return { cause: "disk_error", message: `the disk reports an error (${answer.code ?? "no code"})` };
}

function unavailable(failure: Failure): PasserbyError {
  return new PasserbyError("log_unavailable", `nothing was stored: ${failure.message}; try again`);
}
