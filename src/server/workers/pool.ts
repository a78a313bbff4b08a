/**
 * The worker processes: as many as asked for, each accepting events into an active file of its own. One that ends is
 * started again, and recovers its own file as any start does; the others go on. Node's cluster module hands out the
 * connections in turn.
 */
import cluster, { type Worker } from "node:cluster";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { ControlState } from "../../collector/control/control-state.ts";
import type { HashSeed } from "../../collector/control/key-hash.ts";
import type { Settings } from "../../config.ts";
import { ERRORS, type ErrorCode, PasserbyError } from "../../errors.ts";
import type { FromWorker, ToWorker, WorkerNews, WorkerState } from "./messages.ts";

export type PoolOptions = {
  readonly settings: Settings;
  readonly writers: number;
  readonly rateSeed: HashSeed;
  /** What the brake lets through now, for a worker that starts. */
  readonly control: () => ControlState;
  readonly onNews: (writer: number, news: WorkerNews) => void;
  readonly onState: (writer: number, state: WorkerState) => void;
  readonly onWarning: (message: string) => void;
};

export type Pool = {
  /** The port that all workers listen on. */
  readonly port: number;
  /** Tells all workers, or all but one. */
  readonly tell: (message: ToWorker, exceptWriter?: number) => void;
  /** Has every worker drain and end. */
  readonly close: () => Promise<void>;
};

/** A young generation of 8 MB and a heap that grows slowly: a worker lives on short-lived objects (bench/soak.ts). */
const WORKER_HEAP = ["--max-semi-space-size=8", "--heap-growing-percent=50"] as const;

/** A worker that ends sooner after its start than this is started again later and later. */
const SOON_MS = 5_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** Starts the workers; resolves when all of them listen. Throws what the first one that cannot start says. */
export async function startPool(options: PoolOptions): Promise<Pool> {
  // Sources run as they are; a build puts the worker's bundle beside its own.
  const file = import.meta.url.endsWith(".ts") ? "./worker-main.ts" : "./worker-main.js";
  cluster.setupPrimary({
    exec: fileURLToPath(new URL(file, import.meta.url)),
    execArgv: [...process.execArgv, ...WORKER_HEAP],
    serialization: "advanced",
  });
  const places = Array.from({ length: options.writers }, (_, index) => new Place(index + 1, options));
  const close = async (): Promise<void> => {
    await Promise.all(places.map((place) => place.close()));
  };
  try {
    const [port = 0] = await Promise.all(places.map((place) => place.start()));
    return {
      port,
      tell: (message, exceptWriter) => {
        for (const place of places) if (place.writer !== exceptWriter) place.tell(message);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The place of one worker: whoever fills it has the same number, and so the same file. */
class Place {
  readonly writer: number;
  private readonly options: PoolOptions;
  private worker: Worker | undefined;
  private ended: Promise<void> = Promise.resolve();
  private pauseMs = 0;
  private isClosing = false;

  constructor(writer: number, options: PoolOptions) {
    this.writer = writer;
    this.options = options;
  }

  /** Starts a worker; resolves with the port that it listens on. */
  start(): Promise<number> {
    const listening = Promise.withResolvers<number>();
    const { settings, writers, rateSeed, control, onNews, onState } = this.options;
    const worker = cluster.fork();
    const startedAt = performance.now();
    this.worker = worker;
    worker.on("message", (message: FromWorker) => {
      if (message.kind === "news") onNews(this.writer, message.news);
      else if (message.kind === "failed") listening.reject(new PasserbyError(codeOf(message.code), message.message));
      else onState(this.writer, message.state);
      if (message.kind === "listening") listening.resolve(message.port);
    });
    worker.on("error", () => undefined); // A message to one that has just ended; its end is told below.
    this.ended = new Promise((resolve) => {
      worker.once("exit", (code, signal) => {
        resolve();
        listening.reject(new PasserbyError("data_dir_unusable", `worker ${this.writer} ended before it listened`));
        if (!this.isClosing) void this.replace(performance.now() - startedAt, signal ?? `code ${code}`);
      });
    });
    const start = { writer: this.writer, writers, settings, control: control(), rateSeed };
    this.tell({ kind: "start", start });
    return listening.promise;
  }

  tell(message: ToWorker): void {
    if (this.worker?.isConnected()) this.worker.send(message);
  }

  async close(): Promise<void> {
    this.isClosing = true;
    this.tell({ kind: "close" });
    await this.ended;
  }

  private async replace(livedMs: number, cause: string): Promise<void> {
    this.pauseMs = livedMs < SOON_MS ? Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, this.pauseMs * 2)) : 0;
    this.options.onWarning(
      `worker ${this.writer} ended (${cause}) and is started again; what it acknowledged is on disk`,
    );
    if (this.pauseMs > 0) await delay(this.pauseMs);
    if (this.isClosing) return;
    await this.start().catch(() => undefined); // It has ended again, and is replaced again by that.
  }
}

function codeOf(text: string): ErrorCode {
  return Object.keys(ERRORS).find((code): code is ErrorCode => code === text) ?? "internal_error";
}
