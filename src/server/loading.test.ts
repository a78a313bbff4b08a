/** Holds when the store is loaded: twice a second, and later while there is no time to spare. */
import { expect, test } from "vitest";
import { systemClock } from "../clock.ts";
import type { Store } from "../store/store.ts";
import { startLoading } from "./loading.ts";

/** Counts loads, and resolves when a number of them is reached. */
function countLoads(): { store: Pick<Store, "load">; count: () => number; reached: (loads: number) => Promise<void> } {
  let loads = 0;
  let check = (): void => {};
  const load: Store["load"] = async () => {
    loads += 1;
    check();
    return { events: 0, duplicates: 0, damaged: 0, erased: 0, newer: 0, files: 0, durationMs: 0 };
  };
  const reached = (wanted: number): Promise<void> =>
    new Promise((resolve) => {
      check = () => {
        if (loads >= wanted) resolve();
      };
      check();
    });
  return { store: { load }, count: () => loads, reached };
}

test("a load that was put off comes when there is time again", async () => {
  const { store, count, reached } = countLoads();
  // What is asked right after a load only sets the beginning; the two answers after it put the next load off twice.
  const shares = [0, 1, 1, 0];
  const asked: number[] = [];
  const loading = startLoading(store, {
    clock: systemClock,
    onWarning: () => {},
    busyShare: () => {
      asked.push(count());
      return shares.shift() ?? 0;
    },
  });
  await reached(2);
  loading.stop();
  expect(asked.slice(0, 4)).toEqual([1, 1, 1, 1]);
});

test("loads are put off by seconds at most, however busy the thread is", async () => {
  const { store, reached } = countLoads();
  const started = systemClock.monotonicMs();
  const loading = startLoading(store, { clock: systemClock, onWarning: () => {}, busyShare: () => 1 });
  await reached(2);
  loading.stop();
  expect(systemClock.monotonicMs() - started).toBeGreaterThan(3_000);
});
