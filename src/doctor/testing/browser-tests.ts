/** Tests of a repository that drive a browser. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Repository } from "../deployment/repository.ts";

const DRIVERS =
  "@playwright/test|playwright|playwright-core|puppeteer|puppeteer-core|webdriverio|@wdio/[a-z-]+|cypress";
const IMPORTS = `(from|import|require\\() *['"](${DRIVERS})['"]`;
const TESTS = ["test", "spec", "cy"].flatMap((kind) => [
  `*.${kind}.*`,
  `*/${kind}/*`,
  `*/${kind}s/*`,
  `${kind}/*`,
  `${kind}s/*`,
]);

export type BrowserTests = {
  /** Files that import a driver of browsers; those are tests, or what tests import. */
  readonly files: readonly string[];
  /** `playwright.config.ts`, where `npx playwright test` is how they run. */
  readonly playwrightConfig: string | undefined;
};

/** Looks for them among tracked files. */
export function findBrowserTests(repo: Repository): BrowserTests {
  const { code, out } = repo.git(
    "grep",
    "--full-name",
    "-lzE",
    "-e",
    IMPORTS,
    "--",
    ...TESTS.map((pattern) => `:(top)${pattern}`),
  );
  const configs = ["ts", "mts", "js", "mjs", "cjs"].map((ending) => `playwright.config.${ending}`);
  return {
    files: code === 0 ? out.split("\0").filter((path) => path !== "") : [],
    playwrightConfig: configs.find((name) => existsSync(join(repo.root, name))),
  };
}
