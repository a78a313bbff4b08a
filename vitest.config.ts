/**
 * How the tests run: sources as they are. Files share two processes, since to load the server's packages, or to start a
 * browser, takes longer than many of them run; each test has a data directory, a site or a browser context of its own.
 */
import { defineConfig, type ViteUserConfig } from "vitest/config";

/** Files that measure the memory or the event loop of their own process, which others would leave something in. */
const MEASURING = [
  "test/contract/stream-readers.test.ts",
  "test/fuzz/event-loop.test.ts",
  "test/fuzz/http-fuzz.test.ts",
  "test/fuzz/odd-requests.test.ts",
  "test/fuzz/slow-clients.test.ts",
];

const config: ViteUserConfig = defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    isolate: false,
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
        test: { name: "tests", include: ["cmd/**/*.test.ts", "test/**/*.test.ts"], exclude: MEASURING },
      },
      {
        extends: true,
        test: { name: "alone in their process", include: MEASURING, isolate: true },
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
