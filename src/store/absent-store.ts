/** The store that is off: it loads nothing, answers nothing but why, and costs no memory, since DuckDB is not there. */
import { PasserbyError } from "../errors.ts";
import type { Store, StoreStatus } from "./store.ts";

const NOTHING = { events: 0, duplicates: 0, damaged: 0, erased: 0, newer: 0 };
const STATUS: StoreStatus = { ...NOTHING, lastLoadedAt: null, lastError: null };

/** Makes a store whose `load` does nothing and whose `read` throws `store_unavailable` with what to do about it. */
export function createAbsentStore(): Store {
  const refuse = async (): Promise<never> => {
    throw new PasserbyError(
      "store_unavailable",
      "the store is off (METRICS_STORE=off): questions need it; start without --no-store and without METRICS_STORE=off",
    );
  };
  return {
    load: async () => ({ ...NOTHING, files: 0, durationMs: 0 }),
    read: refuse,
    rebuild: refuse,
    removeExpired: async () => 0,
    status: () => STATUS,
    close: async () => {},
  };
}
