/** The brake from the operator's command to the visitor's page: a real server process, a real `passerby brake`, Chromium. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { buildTracker } from "../../scripts/build-tracker.ts";
import { chromium, isLong } from "../means.ts";
import { runCommand, type StartedCommand, startCommand } from "../support/command.ts";
import { readLog } from "../support/test-server.ts";
import { type Edge, startEdge } from "./support/edge.ts";
import { launchBrowser } from "./support/launch.ts";
import { serveTrackedPages, type TrackedPages } from "./support/tracked-pages.ts";

/** A visitor with a browser of their own, and what passed between it and the collector. */
type Visitor = {
  readonly page: Page;
  readonly edge: Edge;
  readonly address: string;
  /** The `Passerby-Config` of each answer to events so far. */
  readonly tags: readonly (string | undefined)[];
  readonly track: (name: string) => Promise<void>;
};

describe.skipIf(chromium === undefined)("a page under the brake [needs chromium]", () => {
  const root = mkdtempSync(join(tmpdir(), "passerby-tracker-brake-"));
  const dataDir = join(root, "data");
  let pages: TrackedPages;
  let collector: StartedCommand;
  let browser: Browser;

  beforeAll(async () => {
    await buildTracker(join(root, "tracker"));
    pages = await serveTrackedPages(join(root, "tracker"));
    const settings = { ALLOWED_ORIGINS: pages.origin, METRICS_SITES: "example.com=localhost", METRICS_RATE_LIMIT: "0" };
    collector = await startCommand(["--data-dir", dataDir], settings);
    browser = await launchBrowser();
  });
  afterEach(() => brake("off"));
  afterAll(async () => {
    await browser?.close();
    await pages?.close();
    if (collector?.process.kill("SIGKILL")) await once(collector.process, "exit");
    rmSync(root, { recursive: true });
  });

  const brake = async (args: string): Promise<void> => {
    const settings = { METRICS_SITES: "example.com=localhost" };
    const { code, stderr } = await runCommand(["brake", ...args.split(" "), "--data-dir", dataDir], settings);
    expect([code, stderr]).toEqual([0, ""]);
  };

  const newVisitor = async (userAgent?: string): Promise<Visitor> => {
    const edge = await startEdge(collector.url);
    const context = await browser.newContext(userAgent === undefined ? {} : { userAgent });
    onTestFinished(async () => {
      await context.close();
      await edge.close();
    });
    const page = await context.newPage();
    const tags: (string | undefined)[] = [];
    page.on("response", (answer) => {
      if (answer.request().method() === "POST") tags.push(answer.headers()["passerby-config"]);
    });
    return {
      page,
      edge,
      tags,
      address: `${pages.addFolder({ apiUrl: edge.url })}/page`,
      track: (name) => page.evaluate((event) => window.passerby?.track(event), name),
    };
  };

  /** Opens the visitor's page with a clock that the test moves on, and waits until the config has come. */
  const open = async ({ page, address }: Visitor): Promise<void> => {
    await page.clock.install();
    const asked = page.waitForResponse(/config$/);
    await page.goto(address);
    await (await asked).finished();
  };

  /** Leaves the page; resolves when what it sends after everything of the tracker has come. */
  const leave = async ({ page, edge }: Visitor): Promise<void> => {
    await page.evaluate((url) => {
      addEventListener("pagehide", () => void fetch(url, { mode: "no-cors", keepalive: true }));
    }, `${edge.url}/witness`);
    await page.goto("about:blank");
    await expect.poll(() => edge.seen.at(-1)?.path).toBe("/witness");
  };

  const sent = ({ edge }: Visitor): unknown[] => edge.posts().flatMap(({ events }) => events.map(({ event }) => event));
  const stored = ({ address }: Visitor): unknown[] =>
    readLog(dataDir)
      .filter(({ url }) => url === address)
      .map(({ event }) => event);

  /** Finds a user agent whose visitor is in a bucket that passes, that is one below `0.5 · 65,536`, or is not. */
  const findUserAgent = async (isKept: boolean): Promise<string> => {
    for (let attempt = 0; ; attempt += 1) {
      const userAgent = `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36 v${attempt}`;
      const headers = { origin: pages.origin, "user-agent": userAgent };
      const { u }: { u: number } = await (await fetch(`${collector.url}/api/metrics/config`, { headers })).json();
      if (u < 32_768 === isKept) return userAgent;
    }
  };

  test("that loads when the brake is on already sends nothing, not even as it is left", async () => {
    await brake("on --tracker");
    const visitor = await newVisitor();
    await open(visitor);
    await visitor.page.clock.runFor(10_000);
    await visitor.track("unheard");
    await visitor.page.clock.runFor(10_000);
    await visitor.track("on_the_way_out");
    await leave(visitor);
    expect(visitor.edge.seen.map(({ path }) => path)).toEqual(["/api/metrics/config", "/witness"]);
  });

  test.for([
    ["on", ["page_view"]],
    ["on --tracker", ["page_view", "unaware"]],
  ] as const)(
    "that is open at `brake %s` hears of it from its next answer, and sends no more",
    async ([args, kept]) => {
      const visitor = await newVisitor();
      const { page, edge, tags, track } = visitor;
      await open(visitor);
      await expect.poll(() => tags.length).toBe(1);
      await brake(args);
      await track("unaware");
      const asked = page.waitForResponse(/config$/);
      await page.clock.runFor(6_000);
      await (await asked).finished();
      expect(tags).toEqual([expect.any(String), expect.any(String)]);
      expect(tags[1]).not.toBe(tags[0]);
      for (let second = 0; second < 60; second += 1) {
        await track(`second_${second}`);
        await page.clock.runFor(1_000);
      }
      await leave(visitor);
      expect(sent(visitor)).toEqual(["page_view", "unaware"]);
      expect(stored(visitor)).toEqual(kept);
      expect(edge.configRequests().length).toBeLessThan(6);
    },
  );

  test("that was idle for 25 s asks before it sends, and so sends nothing, until the brake is off", async () => {
    const visitor = await newVisitor();
    const { page, edge, track } = visitor;
    await open(visitor);
    await expect.poll(() => stored(visitor)).toEqual(["page_view"]);
    await brake("on");
    for (const name of ["braked", "free"]) {
      await page.clock.fastForward(26_000);
      const asked = page.waitForResponse(/config$/);
      await track(name);
      await (await asked).finished();
      await page.clock.runFor(6_000);
      await brake("off");
    }
    await expect.poll(() => stored(visitor)).toEqual(["page_view", "free"]);
    await leave(visitor);
    expect(sent(visitor)).toEqual(["page_view", "free"]);
    expect(edge.configRequests()).toHaveLength(3);
  });

  test("counts again after `brake off` from the next page load on", async () => {
    await brake("on");
    const before = await newVisitor();
    await open(before);
    await leave(before);
    await brake("off");
    const after = await newVisitor();
    await open(after);
    await expect.poll(() => stored(after)).toEqual(["page_view"]);
    expect(sent(before)).toEqual([]);
  });

  // In real time: a browser's cache has a clock that no test can move.
  test.skipIf(!isLong)(
    "counts a visitor again who was told to stop, once that answer is 30 s old [needs long]",
    async () => {
      await brake("on");
      const visitor = await newVisitor();
      await visitor.page.goto(visitor.address);
      await expect.poll(() => visitor.edge.configRequests().length).toBe(1);
      const told = performance.now();
      await brake("off");
      const isCounted = async (): Promise<boolean> => {
        await visitor.page.goto(visitor.address);
        return stored(visitor).length > 0;
      };
      await expect.poll(isCounted, { timeout: 60_000, interval: 1_000 }).toBe(true);
      expect(performance.now() - told).toBeLessThan(40_000);
    },
    90_000,
  );

  test("sends the share in force for a visitor below `brake rate 0.5 --tracker`, and nothing for one above", async () => {
    await brake("rate 0.5 --tracker");
    const [kept, left] = [await newVisitor(await findUserAgent(true)), await newVisitor(await findUserAgent(false))];
    for (const visitor of [left, kept]) {
      await open(visitor);
      await visitor.track("something");
      await visitor.page.clock.runFor(10_000);
      await leave(visitor);
    }
    await expect.poll(() => stored(kept)).toEqual(["page_view", "something"]);
    const lines = readLog(dataDir).filter(({ url }) => url === kept.address);
    expect(lines.map(({ sample_rate, bucket }) => [sample_rate, bucket])).toEqual(new Array(2).fill([0.5, undefined]));
    expect([sent(left), stored(left)]).toEqual([[], []]);
  });
});
