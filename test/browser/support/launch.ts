/** Starts the browser of the tests. */
import { type Browser, chromium } from "playwright-core";
import { chromium as chromiumPath } from "../../means.ts";

/** Starts Chromium as visitors have it: with the back/forward cache, which playwright turns off. */
export function launchBrowser(): Promise<Browser> {
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
    ],
  });
}
