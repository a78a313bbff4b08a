/** How the tests run: sources as they are, one process a file, so that no test can lean on another's state. */
import { defineConfig, type ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: { name: "tests", include: ["src/**/*.test.ts", "cmd/**/*.test.ts", "test/**/*.test.ts"] },
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
