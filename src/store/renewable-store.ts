/**
 * A store that can be thrown away and made anew from the log while its readers stay: what an erasure needs, since a deleted row
 * leaves its bytes in the file. It also keeps from loading while the log's shards are rewritten.
 */
import type { Clock } from "../clock.ts";
import { PasserbyError } from "../errors.ts";
import type { LoadReport } from "./load.ts";
import { removeStoreFiles } from "./remove-store.ts";
import type { Store } from "./store.ts";

export type RenewableStore = Store & {
  /** Keeps loads from doing anything for so many milliseconds, or until `renew`. The one that is running ends first. */
  readonly hold: (holdMs: number) => Promise<void>;
  /**
   * Closes the store, removes its files and those set aside, and loads the whole log into a new one; returns the names of the
   * files. Until it is done, `read` throws `store_unavailable`, rather than to answer with a part. Throws `store_unavailable`.
   */
  readonly renew: () => Promise<readonly string[]>;
};

export type RenewableOptions = {
  readonly dataDir: string;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly open: () => Promise<Store>;
};

const NOTHING: LoadReport = { events: 0, duplicates: 0, damaged: 0, erased: 0, newer: 0, files: 0, durationMs: 0 };

/** Opens a store that can be renewed. Throws what `open` throws. */
export async function openRenewable({ dataDir, clock, open }: RenewableOptions): Promise<RenewableStore> {
  let current = await open();
  let heldUntilMs = Number.NEGATIVE_INFINITY;
  let running: Promise<unknown> = Promise.resolve();
  let renewing: Promise<readonly string[]> | undefined;
  let isClosed = false;

  const load = (): Promise<LoadReport> => {
    if (renewing !== undefined || clock.monotonicMs() < heldUntilMs) return Promise.resolve(NOTHING);
    const loading = current.load();
    running = loading.catch(() => undefined);
    return loading;
  };

  const renewOnce = async (): Promise<readonly string[]> => {
    await current.close();
    const removed = removeStoreFiles(dataDir);
    current = await open();
    if (!isClosed) await current.load();
    heldUntilMs = Number.NEGATIVE_INFINITY;
    return removed;
  };

  return {
    load,
    read: (question) => {
      if (renewing === undefined) return current.read(question);
      const message = "the store is being made anew from the log after an erasure: try again in a moment";
      return Promise.reject(new PasserbyError("store_unavailable", message));
    },
    // What is made anew holds nothing expired; and two do not make the store anew at once.
    removeExpired: async () => (renewing === undefined ? current.removeExpired() : 0),
    rebuild: async (onProgress) => {
      await renewing;
      return current.rebuild(onProgress);
    },
    status: () => current.status(),
    hold: async (holdMs) => {
      heldUntilMs = clock.monotonicMs() + holdMs;
      await running;
    },
    renew: () => {
      renewing ??= renewOnce().finally(() => {
        renewing = undefined;
      });
      return renewing;
    },
    close: async () => {
      isClosed = true;
      // A load of the whole log ends with the store that does it.
      await current.close();
      await renewing?.catch(() => undefined);
      await current.close();
    },
  };
}
