/**
 * The log as columns. It promises: an event of the log is in the store once, with its session, soon after a load; what
 * a reader sees is one state of it; and it can be deleted at any time, since it is rebuilt from the log.
 *
 *   log file ─ from its checkpoint, in batches ─▶ staged ▸ each event once ▸ sessions ─▶ events, sessions, checkpoints
 *
 * Format: one DuckDB file, `store.duckdb`, in the data directory. `events` has one row an event (schema.ts); `sessions`
 * one row a visit; `checkpoints` one row a log file, by an identity that survives renaming, with the offset loaded.
 *
 * Crash: rows, sessions and checkpoint of a batch are one transaction, so a kill loses at most a batch that the next
 * load reads again. A file that does not open, turns out to be damaged when it is read, has another schema version or
 * is ahead of the log is renamed to `store-set-aside-….duckdb` and made anew by the next load. A disk that fails under
 * DuckDB makes the open database refuse everything; the next load opens it again.
 */
import { join } from "node:path";
import type { Clock } from "../clock.ts";
import { describeError } from "../errors.ts";
import { type Ask, unavailable } from "./duckdb.ts";
import { type Keeping, keepDays } from "./kept.ts";
import { type LineCounts, NO_LINES } from "./line-counts.ts";
import type { LoadReport } from "./load.ts";
import { readMemoryFacts, storeMemoryBytes } from "./memory-limit.ts";
import { buildStore, installStore, type RebuildOptions, type RebuildReport } from "./rebuild.ts";
import { STORE_FILE, StoreFile } from "./store-file.ts";

/** The state of the store, for health checks. Counts are of all time. */
export type StoreStatus = LineCounts & {
  /** Wall-clock time at which the last load that succeeded began (milliseconds since 1970); null before the first. */
  readonly lastLoadedAt: number | null;
  /** Why the last load failed; null when it succeeded. */
  readonly lastError: string | null;
};

export type Store = {
  /**
   * Loads everything that was in the log when it was called; calls during a load share the one after it. Throws
   * `store_unavailable`; the log is untouched and the next call tries again.
   */
  readonly load: () => Promise<LoadReport>;
  /** Runs a question's statements against one state of the store. Throws `store_unavailable`. */
  readonly read: <Result>(question: (ask: Ask) => Promise<Result>) => Promise<Result>;
  /**
   * Removes what is older than `retentionDays`, and its traces in the file; loads wait meanwhile. Returns how many events
   * that were. Throws `store_unavailable`; what was not done is done by the next call.
   */
  readonly removeExpired: () => Promise<number>;
  readonly status: () => StoreStatus;
  /**
   * Builds the store anew from the log while the old one loads and answers on, and puts the new one in its place. Throws
   * `store_unavailable`, and then the old one stays. For one caller at a time.
   */
  readonly rebuild: (request?: RebuildRequest) => Promise<RebuildReport>;
  /** Ends a running load at its next commit, then closes the file. */
  readonly close: () => Promise<void>;
};

/** How a store is rebuilt; the signal ends the building, not the exchange. */
export type RebuildRequest = Pick<RebuildOptions, "onProgress" | "signal" | "file">;

export type StoreOptions = {
  /** The data directory: the log's files, and the store's beside them. */
  readonly dataDir: string;
  readonly clock: Pick<Clock, "now" | "monotonicMs">;
  /** UTC days after which events of the collector are too old; default: none ever is, nor an import. */
  readonly retentionDays?: number;
  /** Bytes that DuckDB may hold; default a quarter of what the process may have, from 256 MiB to 1 GiB. */
  readonly memoryLimitBytes?: number;
  /** Keeps the store in memory; the log is read from `dataDir` all the same. */
  readonly inMemory?: boolean;
  /** Told in one line when a store file was set aside. */
  readonly onWarning: (message: string) => void;
};

/** Opens the store of a data directory; loads nothing yet. Throws `store_unavailable` when another process has it. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { dataDir, clock, onWarning, retentionDays } = options;
  const keeping = retentionDays === undefined ? null : keepDays(dataDir, retentionDays, clock);
  const database = {
    path: options.inMemory ? null : join(dataDir, STORE_FILE),
    memoryLimitBytes: options.memoryLimitBytes ?? storeMemoryBytes(readMemoryFacts()),
    now: clock.now,
    onWarning,
  };
  const file = new StoreFile(dataDir, database, keeping);
  await file.loader();
  const loads = new Loads(file, clock);
  const closing = new AbortController();
  let rebuilding: Promise<unknown> | undefined;
  return {
    load: () => loads.load(),
    read: (question) => file.read(question),
    removeExpired: () => (keeping === null ? Promise.resolve(0) : loads.removeExpired(keeping)),
    status: () => loads.status(),
    rebuild: async (request = {}) => {
      if (options.inMemory) throw unavailable(new Error("the store is in memory only"));
      const signal = AbortSignal.any([closing.signal, ...(request.signal === undefined ? [] : [request.signal])]);
      const building = buildStore({ ...request, dataDir, clock, keeping, signal });
      rebuilding = building;
      const report = await building;
      await loads.exchange(() => installStore(dataDir, request.file));
      return report;
    },
    close: async () => {
      closing.abort();
      await rebuilding?.catch(() => {});
      await loads.end();
      await file.close();
    },
  };
}

const NOTHING_LOADED: LoadReport = { ...NO_LINES, files: 0, durationMs: 0 };

/** One load, exchange or removal at a time, and what came of the last load. */
class Loads {
  private readonly file: StoreFile;
  private readonly clock: StoreOptions["clock"];
  private running: Promise<LoadReport> | undefined;
  private waiting: Promise<LoadReport> | undefined;
  private isEnded = false;
  private lastLoadedAt: number | null = null;
  private lastError: string | null = null;

  constructor(file: StoreFile, clock: StoreOptions["clock"]) {
    this.file = file;
    this.clock = clock;
  }

  load(): Promise<LoadReport> {
    if (this.waiting) return this.waiting;
    if (!this.running) return this.start();
    // What was appended after the running load looked is not in it, so one more load follows for all who ask meanwhile.
    const next = this.running.then(
      () => this.start(),
      () => this.start(),
    );
    this.waiting = next;
    return next;
  }

  status(): StoreStatus {
    const counts = this.file.currentLoader()?.totals() ?? NO_LINES;
    return { ...counts, lastLoadedAt: this.lastLoadedAt, lastError: this.lastError };
  }

  /** Exchanges the file between two loads. */
  exchange(put: () => void): Promise<void> {
    return this.between(() => this.file.replace(put));
  }

  /** Removes what is too old between two loads. */
  removeExpired(keeping: Keeping): Promise<number> {
    return this.between(async () => {
      try {
        return await this.file.remove(await keeping.look());
      } catch (error) {
        this.file.notice(error);
        throw unavailable(error);
      }
    });
  }

  /** Does something between two loads: those that are asked for meanwhile come after it. */
  private async between<Result>(job: () => Promise<Result>): Promise<Result> {
    await this.running?.catch(() => {});
    if (this.running) return this.between(job);
    if (this.isEnded) throw unavailable(new Error("the store is closed"));
    const done = job();
    this.running = done
      .then(() => NOTHING_LOADED)
      .finally(() => {
        this.running = undefined;
      });
    await this.running;
    return done;
  }

  async end(): Promise<void> {
    this.isEnded = true;
    this.file.currentLoader()?.stop();
    this.file.stopCopying();
    await this.waiting?.catch(() => {});
    await this.running?.catch(() => {});
  }

  private start(): Promise<LoadReport> {
    this.waiting = undefined;
    this.running = this.loadOnce().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async loadOnce(): Promise<LoadReport> {
    const startedAt = this.clock.now();
    const started = this.clock.monotonicMs();
    try {
      if (this.isEnded) throw new Error("the store is closed");
      const counts = await this.loadOrRebuild();
      this.lastLoadedAt = startedAt;
      this.lastError = null;
      return { ...counts, durationMs: this.clock.monotonicMs() - started };
    } catch (error) {
      this.lastError = describeError(error);
      throw unavailable(error);
    }
  }

  /** Damage is met in the middle of a load as well as before it; a rebuild is tried once. */
  private async loadOrRebuild(): Promise<Omit<LoadReport, "durationMs">> {
    try {
      return await (await this.file.loader()).load();
    } catch (error) {
      if (!this.file.notice(error)) throw error;
    }
    return (await this.file.loader()).load();
  }
}
