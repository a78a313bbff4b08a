/** The place of one worker: whoever fills it has the same number, and so the same file; one that ends is replaced. */
import cluster, { type Worker } from "node:cluster";
import { setTimeout as delay } from "node:timers/promises";
import type { ControlState } from "../../collector/control/control-state.ts";
import type { HashSeed } from "../../collector/control/key-hash.ts";
import type { Settings } from "../../config.ts";
import { describeError, ERRORS, type ErrorCode, PasserbyError } from "../../errors.ts";
import type { FromWorker, ToWorker, WorkerNews, WorkerState } from "./messages.ts";

export type PlaceOptions = {
  readonly settings: Settings;
  readonly writers: number;
  readonly rateSeed: HashSeed;
  /** What the brake lets through now, and whether somebody watches events, for a worker that starts. */
  readonly control: () => ControlState;
  readonly isWatched: () => boolean;
  readonly onNews: (writer: number, news: WorkerNews) => void;
  readonly onState: (writer: number, state: WorkerState) => void;
  /** Told when a worker has ended and is to be replaced. */
  readonly onEnd: (writer: number) => void;
  readonly onWarning: (message: string) => void;
};

/** A worker that ends sooner after its start than this is started again later and later. */
const SOON_MS = 5_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

export class Place {
  readonly writer: number;
  private readonly options: PlaceOptions;
  private worker: Worker | undefined;
  private sealRequests = 0;
  private readonly sealing = new Map<number, PromiseWithResolvers<readonly string[]>>();
  private forgetRequests = 0;
  private readonly forgetting = new Map<number, PromiseWithResolvers<number>>();
  private ended: Promise<void> = Promise.resolve();
  private drained = Promise.withResolvers<void>();
  private pauseMs = 0;
  /** True once a worker has listened here: one that never did is not replaced. */
  private hasListened = false;
  private isClosing = false;

  constructor(writer: number, options: PlaceOptions) {
    this.writer = writer;
    this.options = options;
  }

  /** Starts a worker; resolves when it listens. Throws what it says when it cannot. */
  start(): Promise<void> {
    const listening = Promise.withResolvers<void>();
    const worker = cluster.fork();
    const startedAt = performance.now();
    this.worker = worker;
    worker.on("message", (message: FromWorker) => this.hear(message, listening));
    worker.on("error", () => undefined); // A message to one that has just ended; its end is told below.
    this.ended = new Promise((resolve) => {
      worker.once("exit", (code, signal) => {
        resolve();
        for (const request of this.sealing.keys()) this.endSealing(request, undefined, "it ended");
        for (const request of this.forgetting.keys()) this.endForgetting(request, undefined, "it ended");
        const cause = signal ?? `code ${code}`;
        listening.reject(new PasserbyError("data_dir_unusable", `worker ${this.writer} ended at its start (${cause})`));
        if (this.hasListened && !this.isClosing) void this.replace(performance.now() - startedAt, cause);
      });
    });
    const { settings, writers, rateSeed, control, isWatched } = this.options;
    const { writer } = this;
    const start = { writer, writers, settings, control: control(), rateSeed, isWatched: isWatched() };
    this.tell({ kind: "start", start });
    return listening.promise;
  }

  tell(message: ToWorker): void {
    if (this.worker?.isConnected()) this.worker.send(message);
  }

  /** Has the worker seal its file; returns the names of shards. Throws `log_unavailable` when it cannot, or is not there. */
  seal(): Promise<readonly string[]> {
    this.sealRequests += 1;
    const request = this.sealRequests;
    const sealing = Promise.withResolvers<readonly string[]>();
    this.sealing.set(request, sealing);
    if (this.hasListened && this.worker?.isConnected()) this.tell({ kind: "seal", request });
    else this.endSealing(request, undefined, "it does not run");
    return sealing.promise;
  }

  /** Has the worker forget the ids of a file; returns how many it had. Throws `log_unavailable` when it cannot, or does not run. */
  forgetIds(idsFile: string): Promise<number> {
    this.forgetRequests += 1;
    const request = this.forgetRequests;
    const forgetting = Promise.withResolvers<number>();
    this.forgetting.set(request, forgetting);
    if (this.hasListened && this.worker?.isConnected()) this.tell({ kind: "forget", request, idsFile });
    else this.endForgetting(request, undefined, "it does not run");
    return forgetting.promise;
  }

  /** Has the worker answer what it has taken, and take no more; resolves when that is done, or the worker has ended. */
  async drain(): Promise<void> {
    this.isClosing = true;
    this.tell({ kind: "drain" });
    await Promise.race([this.drained.promise, this.ended]);
  }

  /** Has the drained worker close its file and end. */
  async close(): Promise<void> {
    this.tell({ kind: "close" });
    await this.ended;
  }

  private hear(message: FromWorker, listening: PromiseWithResolvers<void>): void {
    const { onNews, onState } = this.options;
    if (message.kind === "news") onNews(this.writer, message.news);
    else if (message.kind === "state" || message.kind === "listening") onState(this.writer, message.state);
    else if (message.kind === "failed") listening.reject(new PasserbyError(codeOf(message.code), message.message));
    else if (message.kind === "sealed") this.endSealing(message.request, message.shards, message.message);
    else if (message.kind === "forgotten") this.endForgetting(message.request, message.ids, message.message);
    else this.drained.resolve();
    if (message.kind !== "listening") return;
    this.hasListened = true;
    listening.resolve();
  }

  private endSealing(request: number, shards: readonly string[] | undefined, cause: string): void {
    const sealing = this.sealing.get(request);
    this.sealing.delete(request);
    const message = `worker ${this.writer} did not seal its file, ask again: ${cause}`;
    if (shards !== undefined) sealing?.resolve(shards);
    else sealing?.reject(new PasserbyError("log_unavailable", message));
  }

  private endForgetting(request: number, ids: number | undefined, cause: string): void {
    const forgetting = this.forgetting.get(request);
    this.forgetting.delete(request);
    const message = `worker ${this.writer} did not forget the event ids, erase again: ${cause}`;
    if (ids !== undefined) forgetting?.resolve(ids);
    else forgetting?.reject(new PasserbyError("log_unavailable", message));
  }

  private async replace(livedMs: number, cause: string): Promise<void> {
    const { onEnd, onWarning } = this.options;
    onEnd(this.writer);
    this.pauseMs = livedMs < SOON_MS ? Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, this.pauseMs * 2)) : 0;
    onWarning(`worker ${this.writer} ended (${cause}) and is started again; what it acknowledged is on disk`);
    if (this.pauseMs > 0) await delay(this.pauseMs);
    if (this.isClosing) return;
    // It ends again, and is replaced again by that.
    await this.start().catch((error) => onWarning(`worker ${this.writer} cannot start: ${describeError(error)}`));
  }
}

function codeOf(text: string): ErrorCode {
  return Object.keys(ERRORS).find((code): code is ErrorCode => code === text) ?? "internal_error";
}
