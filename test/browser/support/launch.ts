/** The browser of the tests: one for all files of a process, and to each of them as good as its own. */
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium } from "playwright-core";
import { chromium as chromiumPath } from "../../means.ts";

/** What a file has of the browser: contexts that nobody else sees. */
export type LaunchedBrowser = {
  readonly newContext: (options?: BrowserContextOptions) => Promise<BrowserContext>;
  /** Closes the contexts that are still open. */
  readonly close: () => Promise<void>;
};

let shared: Promise<Browser> | undefined;

/** Returns a browser as visitors have it: with the back/forward cache, which playwright turns off. Close it. */
export async function launchBrowser(): Promise<LaunchedBrowser> {
  // One that has crashed in a file's test is no reason for the next file to fail.
  if (!(await shared?.catch(() => undefined))?.isConnected()) shared = launch();
  const browser = await (shared ?? launch());
  const opened = new Set<BrowserContext>();
  return {
    newContext: async (options) => {
      const context = await browser.newContext(options);
      opened.add(context);
      context.on("close", () => opened.delete(context));
      return context;
    },
    close: async () => {
      for (const context of [...opened]) await context.close();
    },
  };
}

/** It ends with this process. */
function launch(): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error("chromium is not installed");
  return chromium.launch({
    executablePath: chromiumPath,
    ignoreDefaultArgs: ["--disable-back-forward-cache"],
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
      // A process for each site, and one to spare, is a third of what a visit costs; pages are told nothing of it.
      "--disable-site-isolation-trials",
    ],
  });
}
