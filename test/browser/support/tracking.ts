/**
 * The bench of the tracker's tests: a real collector, real pages, a real Chromium. A test says what a visitor does, which
 * events the log then holds, and which it must not hold; a last event that is known to arrive tells when to look.
 */
import type { BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { expect } from "vitest";
import { BUILT_TRACKER } from "../../support/built-tracker.ts";
import { startTestServer } from "../../support/test-server.ts";
import { type Edge, startEdge } from "./edge.ts";
import { launchBrowser } from "./launch.ts";
import { type PageSettings, serveTrackedPages } from "./tracked-pages.ts";

const LAST_EVENT = "the_end";

declare global {
  interface Window {
    passerby?: {
      readonly track: (name: string, metadata?: Readonly<Record<string, unknown>>) => void;
      readonly consent?: (isGiven: boolean) => void;
      readonly optOut?: () => void;
      readonly hooks: {
        readonly onLeave?: () => void;
        readonly readIdentity?: () => unknown;
        readonly onStep?: (step: string, json: string) => unknown;
      }[];
    };
  }
}

/** A line of the log. */
export type Line = Readonly<Record<string, unknown>>;

/** A visitor with a browser context of their own, on pages of their own, in front of an edge of their own. */
export type Visitor = {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly edge: Edge;
  /** Address of a page. */
  readonly at: (path: string) => string;
  /** Goes to a page, by default as one types its address, and waits until the page has its run-time config. */
  readonly arrive: (path: string, go?: (address: string) => Promise<unknown>) => Promise<void>;
  /**
   * Leaves, and tracks a last event after all others; returns what the log then holds of this visitor, without that event.
   * The order is that in which it happened: two requests of a page that is left may come in any order.
   */
  readonly leave: () => Promise<readonly Line[]>;
};

export type VisitorSettings = {
  readonly browser?: BrowserContextOptions;
  /** Run in each page before its own scripts. */
  readonly initScript?: () => void;
  readonly pages?: Omit<PageSettings, "apiUrl">;
};

export type Bench = {
  readonly origin: string;
  readonly collectorUrl: string;
  readonly dataDir: string;
  /** Events of the log on pages below an address, as they happened. */
  readonly readLines: (below: string) => readonly Line[];
  readonly newVisitor: (settings?: VisitorSettings) => Promise<Visitor>;
  readonly close: () => Promise<void>;
};

/** Starts collector, pages and browser. */
export async function startBench(): Promise<Bench> {
  const pages = await serveTrackedPages(BUILT_TRACKER);
  const collector = await startTestServer({
    settings: { ALLOWED_ORIGINS: pages.origin, METRICS_SITES: "example.com=localhost" },
  });
  const browser = await launchBrowser();
  const closers: (() => Promise<unknown>)[] = [];

  const readLines = (below: string): readonly Line[] =>
    collector
      .readLog()
      .filter((line) => String(line["url"]).startsWith(`${below}/`))
      .toSorted(byMoment);
  return {
    origin: pages.origin,
    collectorUrl: collector.url,
    dataDir: collector.dataDir,
    readLines,
    newVisitor: async (settings = {}) => {
      const edge = await startEdge(collector.url);
      const context = await browser.newContext(settings.browser);
      closers.push(edge.close);
      if (settings.initScript) await context.addInitScript(settings.initScript);
      const folder = pages.addFolder({ apiUrl: edge.url, ...settings.pages });
      const page = await context.newPage();
      return {
        page,
        context,
        edge,
        at: (path) => folder + path,
        arrive: async (path, go = (address) => page.goto(address)) => {
          const config = page.waitForResponse(/\/api\/metrics\/config$/);
          await go(folder + path);
          await (await config).finished();
        },
        leave: async () => {
          await page.evaluate(trackLast, LAST_EVENT);
          await page.goto("about:blank");
          await expect
            .poll(() => readLines(folder).map(({ event }) => event), { timeout: 10_000 })
            .toContain(LAST_EVENT);
          // What was sent before it may come after it.
          await expect.poll(edge.underWay, { timeout: 10_000 }).toBe(0);
          await context.close();
          return readLines(folder).filter(({ event }) => event !== LAST_EVENT);
        },
      };
    },
    close: async () => {
      await browser.close();
      for (const close of closers) await close();
      await pages.close();
      await collector.close();
    },
  };
}

/** Runs in the page: hooks are called in order, so what others track as the page is left comes before. */
function trackLast(name: string): void {
  let isTracked = false;
  window.passerby?.hooks.push({
    onLeave: () => {
      if (!isTracked) window.passerby?.track(name);
      isTracked = true;
    },
  });
}

/** What a visitor does, and what the log holds of it afterwards, as written by `describeLine`. */
export type Expectation = {
  readonly action: (visitor: Visitor) => Promise<unknown>;
  readonly expected: readonly string[];
  /** What a worse tracker would have sent. That nothing else was sent is checked in any case. */
  readonly refuted: readonly string[];
};

/** Checks that a visitor's actions cause the expected events in this order, none of the refuted, and no others. */
export async function expectEvents(visitor: Visitor, { action, expected, refuted }: Expectation): Promise<void> {
  await action(visitor);
  const lines = (await visitor.leave()).map((line) => describeLine(line, visitor.at("")));
  for (const line of refuted) expect(lines, "must not be sent").not.toContain(line);
  expect(lines).toEqual(expected);
}

/** Orders events as they happened. */
export function byMoment(a: Line, b: Line): number {
  return String(a["timestamp"]).localeCompare(String(b["timestamp"]));
}

/** Writes an event as `name {metadata}`, with the addresses of the visitor's pages cut to their path. */
export function describeLine({ event, metadata }: Line, folder: string): string {
  const { pathname } = new URL(folder);
  return `${event} ${JSON.stringify(metadata).replaceAll(folder, "").replaceAll(`"${pathname}/`, '"/')}`;
}
