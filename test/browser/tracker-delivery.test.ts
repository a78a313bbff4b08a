/** Holds how events travel: in batches, as the page is left, again after trouble, and never twice into the log. */
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromium } from "../means.ts";
import { type Bench, startBench, type Visitor } from "./support/tracking.ts";

describe.skipIf(chromium === undefined)("delivery [needs chromium]", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench?.close());

  const track = (visitor: Visitor, name: string): Promise<void> =>
    visitor.page.evaluate((event) => window.passerby?.track(event), name);
  const names = (events: readonly Readonly<Record<string, unknown>>[]): unknown[] => events.map(({ event }) => event);

  /** Waits until a page has had so many requests answered; returns the time between the last two, which the page saw begin. */
  const pauseMs = async ({ page }: Visitor, count: number): Promise<number> => {
    const sentMs = (): Promise<readonly number[]> =>
      page.evaluate(() => {
        const asked = performance.getEntriesByType("resource").filter(({ name }) => name.includes("/event?"));
        return asked.map(({ startTime }) => startTime).sort((a, b) => a - b);
      });
    await expect.poll(async () => (await sentMs()).length).toBeGreaterThanOrEqual(count);
    const [before = 0, last = 0] = (await sentMs()).slice(count - 2);
    return last - before;
  };

  test("sends the first page view at once and what follows together, without any preflight", async () => {
    const visitor = await bench.newVisitor();
    const { edge } = visitor;
    edge.setConfig({ flush_ms: 500 });
    await visitor.page.goto(visitor.at("/page"));
    await expect.poll(() => edge.posts().length).toBe(1);
    await Promise.all(["one", "two", "three"].map((name) => track(visitor, name)));
    await expect.poll(() => edge.posts().length).toBe(2);
    expect(edge.posts().map(({ events }) => names(events))).toEqual([["page_view"], ["one", "two", "three"]]);
    expect(await pauseMs(visitor, 2)).toBeGreaterThan(499);
    expect(edge.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /api/metrics/config",
      "POST /api/metrics/event?partial=1",
      "POST /api/metrics/event?partial=1",
    ]);
    expect(edge.seen[1]?.headers["content-type"]).toBe("text/plain;charset=UTF-8");
    expect(JSON.parse(edge.seen[1]?.body ?? "")).toMatchObject({ contract: 1, lost: 0, sent_at: expect.any(String) });
  });

  test.for([
    ["are stored", undefined, 499],
    ["cannot be stored", { status: 503 }, 1_023],
  ] as const)("does not hurry for an event that comes with the answer that others %s", async ([, outage, leastMs]) => {
    const visitor = await bench.newVisitor();
    const { edge, page } = visitor;
    edge.setConfig({ flush_ms: 500 });
    const stored = page.waitForResponse((response) => response.status() === 202);
    await visitor.arrive("/page");
    await (await stored).finished();
    edge.fail("/api/metrics/event", outage);
    await page.evaluate(() => {
      let isTracked = false;
      window.passerby?.hooks.push({
        onStep: (step, json) => {
          if (step !== "answered" || !json.includes("others") || isTracked) return;
          isTracked = true;
          window.passerby?.track("meanwhile");
        },
      });
      window.passerby?.track("others");
    });
    expect(await pauseMs(visitor, 3)).toBeGreaterThan(leastMs);
    edge.fail("/api/metrics/event", undefined);
    expect(names(await visitor.leave())).toEqual(["page_view", "others", "meanwhile"]);
  });

  test.for(["passerby", "passerby-full"])(
    "asks the same of a collector whose address ends in a slash, with %s",
    async (name) => {
      const starter = (api: string): string => `<script defer src="/${name}.js" data-api="${api}//"></script>`;
      const visitor = await bench.newVisitor({ pages: { starter } });
      await visitor.page.goto(visitor.at("/page"));
      expect(names(await visitor.leave())).toEqual(["page_view"]);
      const paths = new Set(visitor.edge.seen.map(({ path }) => path));
      expect([...paths]).toEqual(["/api/metrics/config", "/api/metrics/event?partial=1"]);
    },
  );

  test("sends what waits when a tab is hidden or left", async () => {
    const visitor = await bench.newVisitor();
    await visitor.page.goto(visitor.at("/page"));
    await expect.poll(() => visitor.edge.posts().length).toBe(1);
    await track(visitor, "waiting");
    await visitor.page.goto(visitor.at("/next"));
    await expect.poll(() => visitor.edge.posts().some(({ events }) => names(events).includes("waiting"))).toBe(true);
    // What a page that is left sends, and what the next one does, may come in any order.
    expect(names(await visitor.leave()).toSorted()).toEqual(["page_view", "page_view", "waiting"]);
  });

  test.for([
    ["visibilitychange, which is all that a phone may tell", "visibilitychange"],
    ["pagehide, for browsers that tell nothing else as a page is left", "pagehide"],
  ] as const)("sends what waits at %s", async ([, type]) => {
    const visitor = await bench.newVisitor();
    await visitor.page.goto(visitor.at("/page"));
    await expect.poll(() => visitor.edge.posts().length).toBe(1);
    await visitor.page.evaluate((name) => {
      window.passerby?.track("waiting");
      Object.defineProperty(document, "hidden", { value: name === "visibilitychange" });
      document.dispatchEvent(new Event(name, { bubbles: true }));
    }, type);
    // Far sooner than the 5 s of the next batch.
    await expect.poll(() => visitor.edge.posts().length, { timeout: 2_000 }).toBe(2);
  });

  test("fills batches to the configured size and no further, and loses none of 120 events", async () => {
    const visitor = await bench.newVisitor();
    visitor.edge.setConfig({ max_batch: 20, flush_ms: 50 });
    await visitor.page.goto(visitor.at("/page"));
    await expect.poll(() => visitor.edge.posts().length).toBe(1);
    await visitor.page.evaluate(() => {
      for (let i = 0; i < 120; i += 1) window.passerby?.track(`n${i}`);
    });
    await expect.poll(() => visitor.edge.posts().flatMap(({ events }) => events).length).toBe(121);
    const sizes = visitor.edge.posts().map(({ events }) => events.length);
    expect(Math.max(...sizes)).toBe(20);
    const stored = names(await visitor.leave());
    expect([...stored].sort()).toEqual(["page_view", ...Array.from({ length: 120 }, (_, i) => `n${i}`)].sort());
  });

  test("keeps each request under the collector's 64 KiB, whatever the events weigh", async () => {
    const visitor = await bench.newVisitor();
    visitor.edge.setConfig({ flush_ms: 50 });
    // Those that the browser itself does not let through, for what is in flight already.
    const refused: string[] = [];
    visitor.page.on("requestfailed", (request) => refused.push(request.failure()?.errorText ?? ""));
    await visitor.page.goto(visitor.at("/page"));
    await visitor.page.evaluate(() => {
      for (let i = 0; i < 12; i += 1) window.passerby?.track("heavy", { text: "✓".repeat(5_000) });
    });
    await expect.poll(() => visitor.edge.posts().flatMap(({ events }) => events).length, { timeout: 15_000 }).toBe(13);
    const sizes = visitor.edge.seen.map(({ body }) => Buffer.byteLength(body));
    expect(Math.max(...sizes)).toBeLessThan(65_536);
    expect(refused).toEqual([]);
    expect(names(await visitor.leave()).filter((name) => name === "heavy")).toHaveLength(12);
  });

  test.for([
    ["the collector says 503", { status: 503 }],
    ["the collector says 500", { status: 500 }],
    ["the request came too slowly", { status: 408 }],
    ["the client was too fast", { status: 429 }],
    ["the connection breaks", "reset"],
  ] as const)("sends again, with the same ids, after %s", async ([, outage]) => {
    const visitor = await bench.newVisitor();
    const { edge, page } = visitor;
    edge.fail("/api/metrics/event", outage);
    await page.goto(visitor.at("/page"));
    // Chromium itself repeats a request once when a connection that was in use before breaks.
    await expect.poll(() => edge.posts().length).toBeGreaterThanOrEqual(1);
    await track(visitor, "during_the_outage");
    edge.fail("/api/metrics/event", undefined);
    await expect.poll(() => edge.posts().at(-1)?.events.length, { timeout: 10_000 }).toBe(2);
    expect(edge.posts().at(-1)?.events[0]).toEqual(edge.posts()[0]?.events[0]);
    expect(names(await visitor.leave())).toEqual(["page_view", "during_the_outage"]);
  });

  test("sends again what a hidden page could not deliver, though nothing else happens", async () => {
    const visitor = await bench.newVisitor();
    const { edge, page } = visitor;
    edge.setConfig({ flush_ms: 50 });
    const stored = page.waitForResponse((response) => response.status() === 202);
    await visitor.arrive("/page");
    await (await stored).finished();
    edge.fail("/api/metrics/event", { status: 503 });
    const refusal = page.waitForResponse((response) => response.status() === 503);
    // So that the timer of the event is due while it is in flight.
    await delay(200);
    await page.evaluate(() => {
      window.passerby?.track("last");
      Object.defineProperty(document, "hidden", { value: true });
      document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    });
    await (await refusal).finished();
    edge.fail("/api/metrics/event", undefined);
    await expect.poll(() => names(bench.readLines(visitor.at(""))), { timeout: 10_000 }).toEqual(["page_view", "last"]);
  });

  test("waits as long as Retry-After says, even as the page is hidden", async () => {
    const visitor = await bench.newVisitor();
    const { edge, page } = visitor;
    edge.fail("/api/metrics/event", { status: 429, headers: { "retry-after": "4" } });
    await page.goto(visitor.at("/page"));
    await expect.poll(() => edge.posts().length).toBe(1);
    edge.fail("/api/metrics/event", undefined);
    await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pagehide")));
    await expect.poll(() => edge.posts().length, { timeout: 10_000 }).toBe(2);
    expect((edge.posts()[1]?.at ?? 0) - (edge.posts()[0]?.at ?? 0)).toBeGreaterThanOrEqual(3_990);
    expect(names(await visitor.leave())).toEqual(["page_view"]);
  });

  test.for([400, 403, 413])("does not repeat what was refused with %i, and goes on with the next", async (status) => {
    const visitor = await bench.newVisitor();
    const { edge, page } = visitor;
    edge.setConfig({ flush_ms: 50 });
    edge.fail("/api/metrics/event", { status });
    await page.goto(visitor.at("/page"));
    await expect.poll(() => edge.posts().length).toBe(1);
    edge.fail("/api/metrics/event", undefined);
    await track(visitor, "next");
    await expect.poll(() => edge.posts().length).toBe(2);
    expect(names(edge.posts()[1]?.events ?? [])).toEqual(["next"]);
    expect(names(await visitor.leave())).toEqual(["next"]);
  });

  test("tells the collector how many events it had to give up", async () => {
    const visitor = await bench.newVisitor();
    const { edge, page } = visitor;
    edge.fail("/api/metrics/event", { status: 503 });
    const refusal = page.waitForResponse((response) => response.status() === 503);
    await page.goto(visitor.at("/page"));
    await (await refusal).finished();
    await page.evaluate(() => {
      for (let i = 0; i < 1_009; i += 1) window.passerby?.track(`n${i}`);
    });
    edge.fail("/api/metrics/event", undefined);
    // A slow page may have tried once more before.
    const refused = edge.posts().length;
    const countLost = (): number =>
      edge
        .posts()
        .slice(refused)
        .reduce((sum, { lost }) => sum + lost, 0);
    await expect.poll(() => bench.readLines(visitor.at("")).length, { timeout: 20_000 }).toBe(1_000);
    expect(countLost()).toBe(10);
    expect(await visitor.leave()).toHaveLength(1_000);
    expect(countLost()).toBe(10);
  });

  test("rests where it may send no more, because the configuration cannot be asked for", async () => {
    const visitor = await bench.newVisitor();
    const { edge, page } = visitor;
    edge.fail("/api", { status: 503 });
    await page.clock.install();
    await page.goto(visitor.at("/page"));
    await expect.poll(() => edge.posts().length).toBe(1);
    await page.evaluate(() => {
      document.title = "0";
      window.setTimeout = new Proxy(window.setTimeout, {
        apply: (target, self, args) => {
          document.title = String(Number(document.title) + 1);
          return Reflect.apply(target, self, args);
        },
      });
    });
    await page.clock.fastForward(40_000);
    await expect.poll(() => edge.configRequests().length).toBe(2);
    await page.clock.runFor(20_000);
    // Two a look: the next look, and how long it waits for the configuration.
    const timers = Number(await page.title());
    expect(timers).toBeGreaterThan(2);
    expect(timers).toBeLessThan(16);
    expect(edge.posts()).toHaveLength(1);
  });

  test("never throws, and leaves the page's own history as it was", async () => {
    const visitor = await bench.newVisitor();
    const { page } = visitor;
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (message) => problems.push(message.text()));
    await page.goto(visitor.at("/page"));
    const state = await page.evaluate(() => {
      const circle: { self?: unknown } = {};
      circle.self = circle;
      window.passerby?.track("circle", circle);
      window.passerby?.track("big", { n: 1n });
      history.pushState({ kept: true }, "", "pushed");
      return { state: history.state, path: location.pathname.split("/").at(-1), length: history.length };
    });
    expect(state).toEqual({ state: { kept: true }, path: "pushed", length: 3 });
    expect(problems).toEqual([]);
    expect(names(await visitor.leave())).toEqual(["page_view", "page_view"]);
  });

  test("does not hold up a page whose collector is slow", async () => {
    const visitor = await bench.newVisitor();
    visitor.edge.fail("/api/", "hang");
    await visitor.page.goto(visitor.at("/page"), { waitUntil: "load" });
    const loadMs = await visitor.page.evaluate(() => {
      const [entry] = performance.getEntriesByType("navigation");
      return entry?.duration ?? Number.POSITIVE_INFINITY;
    });
    expect(loadMs).toBeLessThan(1_500);
  });
});
