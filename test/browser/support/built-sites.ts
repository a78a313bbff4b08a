/**
 * The bench of sites that were built by others' tools: a collector that lets every origin of this machine in, a browser,
 * and for each site a server with a strict content security policy. A test reads what the log then holds of a site.
 */
import type { BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";
import { serveDemoSite } from "../../../site/serve.ts";
import { startTestServer, type TestServer } from "../../support/test-server.ts";
import { launchBrowser } from "./launch.ts";
import { byMoment, type Line } from "./tracking.ts";

export type SiteVisit = {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the page wrote to its console as an error, or threw. */
  readonly errors: readonly string[];
  /**
   * Waits until the log holds these events of the site, each as `name {metadata}`, and no others. The order is that in
   * which they happened: two requests of a page that is left may come in any order.
   */
  readonly expectLines: (expected: readonly string[]) => Promise<void>;
};

export type SiteBench = {
  readonly collector: TestServer;
  /** Serves a built site; returns its origin. */
  readonly serve: (distDir: string) => Promise<string>;
  /** Opens a page of any origin in a browser context of its own. */
  readonly visit: (address: string, prepare?: (context: BrowserContext) => Promise<unknown>) => Promise<SiteVisit>;
  readonly close: () => Promise<void>;
};

/** Starts collector and browser. */
export async function startSiteBench(settings: Readonly<Record<string, string>> = {}): Promise<SiteBench> {
  const sites = { ALLOWED_ORIGINS: "*", METRICS_SITES: "example.com=localhost" };
  const collector = await startTestServer({ settings: { ...sites, ...settings } });
  const browser = await launchBrowser();
  const closers: (() => Promise<unknown>)[] = [];
  return {
    collector,
    serve: async (distDir) => {
      const site = await serveDemoSite({ port: 0, apiBaseUrl: collector.url, distDir });
      closers.push(site.close);
      return site.url;
    },
    visit: async (address, prepare) => {
      const context = await browser.newContext();
      await prepare?.(context);
      const page = await context.newPage();
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(error.message));
      page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
      await page.goto(address);
      const { origin } = new URL(address);
      return { page, context, errors, expectLines: (expected) => expectLines(collector, origin, expected) };
    },
    close: async () => {
      await browser.close();
      for (const close of closers) await close();
      await collector.close();
    },
  };
}

async function expectLines(collector: TestServer, origin: string, expected: readonly string[]): Promise<void> {
  const read = (): readonly string[] =>
    collector
      .readLog()
      .filter((line: Line) => String(line["url"]).startsWith(`${origin}/`))
      .toSorted(byMoment)
      .map(({ event, metadata }) => `${event} ${JSON.stringify(metadata)}`);
  await expect.poll(read, { timeout: 8_000 }).toEqual(expected);
}
