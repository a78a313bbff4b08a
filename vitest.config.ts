/**
 * How the tests run: sources as they are. Files share a few processes, since to load the server's packages, or to start a
 * browser, takes longer than many of them run; each test has a data directory, a site or a browser context of its own.
 */
import { defineConfig, type ViteUserConfig } from "vitest/config";

/** Files that hold a promise about time or memory: they run last, two at a time, each in a process of its own. */
const MEASURING = [
  "test/contract/stream-readers.test.ts",
  "test/contract/workers.test.ts",
  "test/fault/kill.test.ts",
  "test/fault/overload.test.ts",
  "test/fault/workers.test.ts",
  "test/fuzz/event-loop.test.ts",
  "test/fuzz/odd-requests.test.ts",
  "test/fuzz/slow-clients.test.ts",
];

/** After the others: a tracker waits 2 s for its config, and a page that takes longer is not what these tests are about. */
const BROWSER = "test/browser/**/*.test.ts";

const config: ViteUserConfig = defineConfig({
  test: {
    pool: "forks",
    // For two processors: one file in three is waiting, for a disk, a timer or a process that starts.
    maxWorkers: 3,
    isolate: false,
    setupFiles: "test/support/usual-umask.ts",
    // Of what never comes; a busy machine is no failure.
    testTimeout: 40_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
    projects: [
      {
        extends: true,
        test: { name: "units", include: ["src/**/*.test.ts"] },
      },
      {
        extends: true,
        test: {
          name: "tests",
          include: ["cmd/**/*.test.ts", "test/**/*.test.ts"],
          exclude: [...MEASURING, BROWSER],
        },
      },
      {
        extends: true,
        test: { name: "browser", include: [BROWSER], sequence: { groupOrder: 1 } },
      },
      {
        extends: true,
        test: { name: "measuring", include: MEASURING, isolate: true, maxWorkers: 2, sequence: { groupOrder: 2 } },
      },
      {
        // What clients rely on holds over workers as well.
        extends: true,
        test: {
          name: "2 workers",
          include: ["test/contract/collect.test.ts", "test/contract/duplicates.test.ts"],
          env: { PASSERBY_TEST_WORKERS: "2" },
        },
      },
    ],
  },
});

export default config;
