/** The main thread's side of the writer's thread: requests are answered in order, also when the thread dies. */
import { Worker } from "node:worker_threads";
import type { FromWriter, ToWriter, WriterOptions } from "./writer-thread.ts";

/** An answer to a request; `gone` when the thread died before it could answer. */
export type WriterAnswer = Exclude<FromWriter, { readonly kind: "warning" }> | { readonly kind: "gone" };

/** The first `bytes` of `buffer` are whole lines, the first of them received on the UTC day `day`. */
type Lines = { readonly buffer: Uint8Array<ArrayBuffer>; readonly bytes: number; readonly day: string };

export class WriterClient {
  private readonly options: WriterOptions;
  private readonly onWarning: (message: string) => void;
  private readonly pending: ((answer: WriterAnswer) => void)[] = [];
  private worker: Worker | undefined;

  constructor(options: WriterOptions, onWarning: (message: string) => void) {
    this.options = options;
    this.onWarning = onWarning;
  }

  /** Starts the thread if it is not running, else lets it try again; answers `ready`, `not_ready` or `gone`. */
  prepare(): Promise<WriterAnswer> {
    if (this.worker) return this.request({ kind: "probe" });
    const started = this.expectAnswer();
    this.worker = this.spawn();
    return started;
  }

  /** Hands over the buffer and answers `committed`, `failed` or `gone`. */
  commit({ buffer, bytes, day }: Lines): Promise<WriterAnswer> {
    return this.request({ kind: "commit", buffer, bytes, day }, [buffer.buffer]);
  }

  /** Seals the file and answers `sealed`, `not_sealed` or `gone`. */
  seal(): Promise<WriterAnswer> {
    return this.request({ kind: "seal" });
  }

  /** Closes the file and ends the thread. */
  async close(): Promise<void> {
    if (this.worker) await this.request({ kind: "close" });
  }

  private request(message: ToWriter, transfer: readonly ArrayBuffer[] = []): Promise<WriterAnswer> {
    if (!this.worker) return Promise.resolve({ kind: "gone" });
    const answer = this.expectAnswer();
    this.worker.postMessage(message, transfer);
    return answer;
  }

  private expectAnswer(): Promise<WriterAnswer> {
    return new Promise((resolve) => this.pending.push(resolve));
  }

  private spawn(): Worker {
    // Sources run as they are; a build puts the thread's bundle beside its own.
    const file = import.meta.url.endsWith(".ts") ? "./writer-thread.ts" : "./writer-thread.js";
    const worker = new Worker(new URL(file, import.meta.url), { workerData: this.options });
    worker.on("message", (message: FromWriter) => {
      if (message.kind === "warning") this.onWarning(message.message);
      else this.pending.shift()?.(message);
    });
    worker.on("error", (error) => this.onWarning(`the log's writer thread failed: ${error.message}`));
    worker.on("exit", () => {
      this.worker = undefined;
      for (const resolve of this.pending.splice(0)) resolve({ kind: "gone" });
    });
    return worker;
  }
}
