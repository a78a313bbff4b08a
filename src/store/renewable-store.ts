/**
 * A store that can be made anew from the log while its readers stay: what an erasure needs, since a deleted row leaves its bytes in
 * the file. It also keeps from loading while the log's shards are rewritten.
 *
 * The old file answers until the new one is whole (rebuild.ts). Whoever asked for it is told when the new file is in place and
 * everything else is gone, so an answer may count what is being erased for as long as nobody has been told that it is gone. Where
 * the disk has no room for two, or the new file cannot be built, the old one goes first: an erasure is owed, and an answer can wait.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../clock.ts";
import { describeError, PasserbyError } from "../errors.ts";
import type { Ask } from "./duckdb.ts";
import type { LoadReport } from "./load.ts";
import { RENEWED_FILE, type RebuildReport } from "./rebuild.ts";
import { listStoreFiles, removeFilesBeside, removeStoreFiles } from "./remove-store.ts";
import type { RebuildRequest, Store } from "./store.ts";
import { STORE_FILE } from "./store-file.ts";

export type RenewableStore = Store & {
  /**
   * Keeps loads and replays from doing anything for so many milliseconds, or until `renew` is done. Waits for what is under way;
   * a replay is stopped.
   */
  readonly hold: (holdMs: number) => Promise<void>;
  /**
   * Loads the whole log into a new file, puts it in the store's place and removes every other file of a store; returns the names
   * of all that were there. Throws `store_unavailable`.
   */
  readonly renew: () => Promise<readonly string[]>;
};

export type RenewableOptions = {
  readonly dataDir: string;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly open: () => Promise<Store>;
  /** Says whether so many bytes more may be on the disk. */
  readonly hasRoom: (bytes: number) => Promise<boolean>;
  /** Told in one line why questions are not answered for a while. */
  readonly onWarning: (message: string) => void;
};

const NOTHING: LoadReport = { events: 0, duplicates: 0, damaged: 0, erased: 0, newer: 0, files: 0, durationMs: 0 };
const NO_ROOM = "the disk has no room for a second one";

/** Opens a store that can be renewed. Throws what `open` throws. */
export async function openRenewable(options: RenewableOptions): Promise<RenewableStore> {
  // What a killed process had built. The first load makes the old store anew, since the log was rewritten behind it.
  removeFilesBeside(options.dataDir, RENEWED_FILE);
  const current = new Renewable(options, await options.open());
  return {
    load: () => current.load(),
    read: (question) => current.read(question),
    removeExpired: () => current.removeExpired(),
    rebuild: (request) => current.rebuild(request),
    status: () => current.status(),
    hold: (holdMs) => current.hold(holdMs),
    renew: () => current.renew(),
    close: () => current.close(),
  };
}

class Renewable {
  private readonly options: RenewableOptions;
  private store: Store;
  /** Loads, removals and replays that are under way; what they read may be rewritten behind them. */
  private readonly underWay = new Set<Promise<unknown>>();
  private heldUntilMs = Number.NEGATIVE_INFINITY;
  private renewing: Promise<readonly string[]> | undefined;
  private replay = new AbortController();
  /** While the old store is gone and the new one is not whole. */
  private isAbsent = false;
  private isClosed = false;

  constructor(options: RenewableOptions, store: Store) {
    this.options = options;
    this.store = store;
  }

  load(): Promise<LoadReport> {
    return this.isHeld() ? Promise.resolve(NOTHING) : this.track(this.store.load());
  }

  read<Result>(question: (ask: Ask) => Promise<Result>): Promise<Result> {
    if (!this.isAbsent) return this.store.read(question);
    const message = "the store is being made anew from the log after an erasure: try again in a moment";
    return Promise.reject(new PasserbyError("store_unavailable", message));
  }

  /** What is made anew holds nothing that expired. */
  async removeExpired(): Promise<number> {
    return this.renewing === undefined ? this.track(this.store.removeExpired()) : 0;
  }

  async rebuild(request?: RebuildRequest): Promise<RebuildReport> {
    if (this.isHeld()) throw erasureFirst();
    const { signal } = this.replay;
    return this.track(
      this.store.rebuild({ ...request, signal }).catch((error: unknown) => {
        throw signal.aborted ? erasureFirst() : error;
      }),
    );
  }

  status(): ReturnType<Store["status"]> {
    return this.store.status();
  }

  async hold(holdMs: number): Promise<void> {
    const { clock } = this.options;
    this.heldUntilMs = clock.monotonicMs() + holdMs;
    await this.settle();
    // The renewal of an eraser that was killed; its end has ended the hold.
    await this.renewing?.catch(() => undefined);
    this.heldUntilMs = clock.monotonicMs() + holdMs;
  }

  /** One at a time, and never the one that runs: it may have read shards that were rewritten since. */
  renew(): Promise<readonly string[]> {
    const before = this.renewing ?? Promise.resolve([]);
    const renewing = before
      .catch(() => undefined)
      .then(() => this.renewOnce())
      .finally(() => {
        if (this.renewing === renewing) this.renewing = undefined;
      });
    this.renewing = renewing;
    return renewing;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    // A load of the whole log ends with the store that does it.
    await this.store.close();
    await this.renewing?.catch(() => undefined);
    await this.store.close();
  }

  private isHeld(): boolean {
    return this.renewing !== undefined || this.options.clock.monotonicMs() < this.heldUntilMs;
  }

  private async renewOnce(): Promise<readonly string[]> {
    const { dataDir } = this.options;
    await this.settle();
    const before = listStoreFiles(dataDir);
    // First, since they take the room that the new file needs.
    removeFilesBeside(dataDir);
    const hindrance = await this.renewBeside();
    if (hindrance !== undefined) await this.renewInPlace(hindrance);
    this.heldUntilMs = Number.NEGATIVE_INFINITY;
    return before;
  }

  /** Returns why it could not be done; then what was built is of no use. */
  private async renewBeside(): Promise<string | undefined> {
    const { dataDir, hasRoom } = this.options;
    try {
      if (!(await hasRoom(sizeOf(join(dataDir, STORE_FILE))))) return NO_ROOM;
      await this.store.rebuild({ file: RENEWED_FILE });
      return undefined;
    } catch (error) {
      if (this.isClosed) throw error;
      return describeError(error instanceof PasserbyError ? (error.cause ?? error) : error);
    }
  }

  private async renewInPlace(reason: string): Promise<void> {
    const { dataDir, open, onWarning } = this.options;
    onWarning(
      `the store cannot be made anew beside the old one, which is deleted first; questions are not answered meanwhile: ${reason}`,
    );
    this.isAbsent = true;
    try {
      await this.store.close();
      removeStoreFiles(dataDir);
      this.store = await open();
      if (!this.isClosed) await this.store.load();
    } finally {
      this.isAbsent = false;
    }
  }

  /** Waits for what is under way; a replay is stopped, since it reads the whole log. */
  private async settle(): Promise<void> {
    this.replay.abort();
    this.replay = new AbortController();
    await Promise.allSettled(this.underWay);
  }

  private track<Result>(work: Promise<Result>): Promise<Result> {
    const tracked = work.finally(() => this.underWay.delete(tracked));
    this.underWay.add(tracked);
    return tracked;
  }
}

/** What it will take at most: it holds what the old one holds, without what is erased. */
function sizeOf(store: string): number {
  return [store, `${store}.wal`].reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);
}

function erasureFirst(): PasserbyError {
  const message =
    "an erasure is under way, which makes the store anew: replay when it has ended, if that is still needed";
  return new PasserbyError("store_unavailable", message);
}
