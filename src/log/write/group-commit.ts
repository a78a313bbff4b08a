/**
 * Group commit: events that arrive while one sync runs share the next. Two buffers, one in flight at the writer's
 * thread and one being filled, no linger, and a bound on the bytes that wait. An append resolves when its lines are on
 * disk and rejects when none of them is. After a failure everything that waits is rejected, a new start id begins (so
 * that no number is used twice), and the writer tries twice a second whether it can go on.
 */
import type { Clock } from "../../clock.ts";
import { PasserbyError } from "../../errors.ts";
import type { AcceptedEvent } from "../../event.ts";
import { CommitQueue, type QueuedBatch } from "./commit-queue.ts";
import { encodeLines } from "./encode-line.ts";
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

type Waiter = QueuedBatch & {
  readonly position: Omit<Appended, "file">;
  readonly events: number;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: PasserbyError) => void;
};

/** A reason and what clients are told. */
export type Refusal = { readonly cause: RefusalCause; readonly message: string };

type FileState = {
  readonly name: string;
  readonly bytes: number;
  readonly day: string | undefined;
  readonly tornLines: number;
};

const PROBE_INTERVAL_MS = 500;

export class GroupCommit {
  private readonly options: GroupCommitOptions;
  private file: FileState = { name: "", bytes: 0, day: undefined, tornLines: 0 };
  private start: string;
  private nextSeq = 0;
  private appendedEvents = 0;
  private readonly queue: CommitQueue<Waiter> = new CommitQueue();
  private inFlightBytes = 0;
  private running: Promise<void> | undefined;
  private failure: Refusal | undefined;
  private held: Refusal | undefined;
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
    readonly fileDay: string | undefined;
    readonly tornLines: number;
    readonly start: string;
    readonly queuedBytes: number;
    readonly appendedEvents: number;
    readonly refusal: Refusal | undefined;
  } {
    const { name, bytes, day, tornLines } = this.file;
    const { start, queuedBytes, appendedEvents } = this;
    return {
      file: name,
      fileBytes: bytes,
      fileDay: day,
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
    const [first] = events;
    if (first === undefined) return Promise.resolve({ ...position, file: this.file.name });
    const lines = encodeLines(events, { writer: position.writer, start: position.start, seq: position.firstSeq });
    const bytes = Buffer.byteLength(lines);
    const overflow = this.findRefusal(bytes);
    if (overflow) return Promise.reject(unavailable(overflow));
    this.nextSeq += events.length;
    const day = first.receivedAt.slice(0, "2026-11-24".length);
    return new Promise((resolve, reject) => {
      this.queue.add({ lines, bytes, day, position, events: events.length, resolve, reject });
      this.running ??= this.run();
    });
  }

  /**
   * Seals the file with all that was acknowledged before this call; returns the shard's name, undefined where nothing was
   * in the file. Rejects with `log_unavailable` when the disk refuses.
   */
  async seal(): Promise<string | undefined> {
    if (this.isClosing) throw new PasserbyError("log_unavailable", "nothing was sealed: the log is closing");
    const answer = await this.options.client.seal();
    if (answer.kind === "sealed") {
      // What follows it in the queue of the thread is told later, so this is how the file is now.
      if (answer.shard !== undefined) this.file = { ...this.file, bytes: answer.fileBytes, day: undefined };
      return answer.shard;
    }
    const detail = answer.kind === "not_sealed" ? answer.message : "the log's writer thread ended";
    this.options.onWarning(`the active file was not sealed, and is when the log is next written: ${detail}`);
    throw new PasserbyError("log_unavailable", "nothing was sealed: the disk reports an error; try again");
  }

  /** Refuses new batches for a reason until it is called with undefined; those that were taken are still written. */
  hold(reason: Refusal | undefined): void {
    this.held = reason;
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
    return this.queue.bytes + this.inFlightBytes;
  }

  private findRefusal(bytes: number): Refusal | undefined {
    if (this.isClosing) return { cause: "closing", message: "the log is closing" };
    if (this.failure) return this.failure;
    if (this.held) return this.held;
    const { queuedBytes } = this;
    const { maxQueueBytes } = this.options;
    // An empty queue takes a batch of any size, else a large one could never be stored.
    if (queuedBytes === 0 || queuedBytes + bytes < maxQueueBytes) return undefined;
    return { cause: "queue_full", message: `${queuedBytes} bytes wait for the disk, the bound is ${maxQueueBytes}` };
  }

  private async run(): Promise<void> {
    // What else came in the same turn of the event loop goes into the first commit; this waits for nothing outside.
    await new Promise(setImmediate);
    for (let taken = this.queue.take(); taken !== undefined; taken = this.queue.take()) {
      this.inFlightBytes = taken.bytes;
      const answer = await this.options.client.commit(taken);
      this.inFlightBytes = 0;
      if (answer.kind === "committed") this.settle(taken.batches, answer);
      else this.fail(taken.batches, answer);
    }
    this.running = undefined;
  }

  private settle(batch: readonly Waiter[], answer: Extract<WriterAnswer, { kind: "committed" }>): void {
    this.queue.giveBack(answer.buffer);
    this.file = { ...this.file, name: answer.file, bytes: answer.fileBytes, day: answer.fileDay };
    if (answer.syncMs !== null) this.options.onSync?.(answer.syncMs);
    for (const { position, events, resolve } of batch) {
      this.appendedEvents += events;
      resolve({ ...position, file: answer.file });
    }
  }

  private fail(batch: readonly Waiter[], answer: WriterAnswer): void {
    if (answer.kind === "failed") this.queue.giveBack(answer.buffer);
    const failure = describeFailure(answer);
    const detail = answer.kind === "failed" ? answer.message : failure.message;
    this.options.onWarning(`the log does not take events, and tries again twice a second: ${detail}`);
    const rejected = [...batch, ...this.queue.clear()];
    this.failure = failure;
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
    const { file: name, fileBytes: bytes, fileDay: day, tornLines } = answer;
    this.file = { name, bytes, day, tornLines };
    return true;
  }
}

function newStart(clock: Clock): string {
  return Buffer.from(clock.randomBytes(9)).toString("base64url");
}

/** What clients may read: the system's own message names paths and goes to the operator only. */
function describeFailure(answer: WriterAnswer): Refusal {
  if (answer.kind !== "failed") return { cause: "disk_error", message: "the log's writer thread ended" };
  const isFull = answer.code === "ENOSPC" || answer.code === "EDQUOT";
  if (isFull) return { cause: "disk_full", message: "the disk is full" };
  return { cause: "disk_error", message: `the disk reports an error (${answer.code ?? "no code"})` };
}

function unavailable(failure: Refusal): PasserbyError {
  return new PasserbyError("log_unavailable", `nothing was stored: ${failure.message}; try again`);
}
