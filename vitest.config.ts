/**
 * How the tests run: sources as they are. Those that start servers, browsers and processes have a process a file, so that
 * nothing of one is left for the next; those beside the sources share two, since loading takes longer than most of them run.
 */
import { defineConfig, type ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    // Of what never comes; a busy machine is no failure.
    testTimeout: 40_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
    projects: [
      {
        extends: true,
        test: { name: "units", include: ["src/**/*.test.ts"], isolate: false },
      },
      {
        extends: true,
        test: { name: "tests", include: ["cmd/**/*.test.ts", "test/**/*.test.ts"] },
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
