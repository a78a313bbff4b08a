/**
 * The bench of the brake's browser tests: a server process, the real `passerby brake` on its data directory, and visitors
 * in Chromium whose clock the test moves on.
 */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";
import { BUILT_TRACKER } from "../../support/built-tracker.ts";
import { runCommand, startCommand } from "../../support/command.ts";
import { readLog } from "../../support/test-server.ts";
import { type Edge, startEdge } from "./edge.ts";
import { launchBrowser } from "./launch.ts";
import { serveTrackedPages } from "./tracked-pages.ts";
import type { Line } from "./tracking.ts";

/** A visitor with a browser context of their own, on a page of their own. */
export type BrakedVisitor = {
  readonly page: Page;
  readonly edge: Edge;
  readonly address: string;
  /** The `Passerby-Config` of each answer to events so far. */
  readonly tags: readonly (string | undefined)[];
  readonly track: (name: string) => Promise<void>;
  /** Opens the page with a clock that the test moves on, and waits until the config has come. */
  readonly open: () => Promise<void>;
  /** Leaves the page; resolves when what it sends after everything of the tracker has come. */
  readonly leave: () => Promise<void>;
  /** Names of the events that left the browser, in order. */
  readonly sent: () => readonly unknown[];
  /** The log's lines of the page. */
  readonly lines: () => readonly Line[];
  /** Names of the events in the log. */
  readonly stored: () => readonly unknown[];
};

export type BrakeBench = {
  /** Runs `passerby brake` with arguments such as `on --tracker`. */
  readonly brake: (args: string) => Promise<void>;
  /** `head` is HTML of the page's head, before the tracker. */
  readonly newVisitor: (userAgent?: string, head?: string) => Promise<BrakedVisitor>;
  /** Finds a user agent whose visitor is in a bucket (0 to 65,535) that fits. */
  readonly findUserAgent: (isFitting: (bucket: number) => boolean) => Promise<string>;
  readonly close: () => Promise<void>;
};

/** Starts collector, pages and browser. */
export async function startBrakeBench(): Promise<BrakeBench> {
  const root = mkdtempSync(join(tmpdir(), "passerby-tracker-brake-"));
  const dataDir = join(root, "data");
  const pages = await serveTrackedPages(BUILT_TRACKER);
  const settings = { ALLOWED_ORIGINS: pages.origin, METRICS_SITES: "example.com=localhost", METRICS_RATE_LIMIT: "0" };
  const collector = await startCommand(["--data-dir", dataDir], settings);
  const browser = await launchBrowser();
  return {
    brake: async (args) => {
      const { code, stderr } = await runCommand(["brake", ...args.split(" "), "--data-dir", dataDir], settings);
      expect([code, stderr]).toEqual([0, ""]);
    },
    newVisitor: async (userAgent, head = "") => {
      const edge = await startEdge(collector.url);
      const context = await browser.newContext(userAgent === undefined ? {} : { userAgent });
      onTestFinished(async () => {
        await context.close();
        await edge.close();
      });
      const address = `${pages.addFolder({ apiUrl: edge.url, head })}/page`;
      const lines = (): readonly Line[] => readLog(dataDir).filter(({ url }) => url === address);
      return makeVisitor({ page: await context.newPage(), edge, address, lines });
    },
    findUserAgent: async (isFitting) => {
      for (let attempt = 0; ; attempt += 1) {
        const userAgent = `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36 v${attempt}`;
        const headers = { origin: pages.origin, "user-agent": userAgent };
        const { u }: { u: number } = await (await fetch(`${collector.url}/api/metrics/config`, { headers })).json();
        if (isFitting(u)) return userAgent;
      }
    },
    close: async () => {
      await browser.close();
      await pages.close();
      collector.process.kill("SIGTERM");
      await once(collector.process, "exit");
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function makeVisitor(parts: Pick<BrakedVisitor, "page" | "edge" | "address" | "lines">): BrakedVisitor {
  const { page, edge, address, lines } = parts;
  const tags: (string | undefined)[] = [];
  page.on("response", (answer) => {
    if (answer.request().method() === "POST") tags.push(answer.headers()["passerby-config"]);
  });
  return {
    ...parts,
    tags,
    track: (name) => page.evaluate((event) => window.passerby?.track(event), name),
    open: async () => {
      await page.clock.install();
      const asked = page.waitForResponse(/config$/);
      await page.goto(address);
      await (await asked).finished();
    },
    leave: async () => {
      await page.evaluate((url) => {
        addEventListener("pagehide", () => void fetch(url, { mode: "no-cors", keepalive: true }));
      }, `${edge.url}/witness`);
      await page.goto("about:blank");
      await expect.poll(() => edge.seen.at(-1)?.path).toBe("/witness");
    },
    sent: () => edge.posts().flatMap(({ events }) => events.map(({ event }) => event)),
    stored: () => lines().map(({ event }) => event),
  };
}
