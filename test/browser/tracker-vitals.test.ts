/** Holds that web vitals of real pages are told once, in the last batch, and about the page that they were measured on. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromium } from "../means.ts";
import { type Bench, type Line, startBench, type Visitor, type VisitorSettings } from "./support/tracking.ts";

const SCRIPT = '<script defer src="/passerby-vitals.js"></script>';
/** A page that is painted, reacts to a click 60 ms late, and moves its text down by itself. */
const BODY = `<p id="text" style="font-size: 40px">A paragraph that is large enough to be the largest of the page</p>
<button>Slow</button>
<script>
  document.querySelector("button").addEventListener("click", () => {
    const end = performance.now() + 60;
    while (performance.now() < end);
  });
  const shift = () => document.body.prepend(Object.assign(document.createElement("div"), { style: "height: 200px" }));
</script>`;

declare global {
  /** Moves the text of the page down, without the visitor having done anything. */
  function shift(): void;
}

describe.skipIf(chromium === undefined)("web vitals [needs chromium]", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench?.close());

  const newVisitor = (pages: VisitorSettings["pages"] = {}): Promise<Visitor> =>
    bench.newVisitor({ pages: { head: SCRIPT, body: BODY, ...pages } });
  /** Waits until the browser has told the page of what it painted and of what moved. */
  const settle = (visitor: Visitor): Promise<void> =>
    visitor.page.evaluate(
      () =>
        new Promise<void>((resolve) => {
          new PerformanceObserver(() => requestIdleCallback(() => resolve())).observe({ type: "layout-shift" });
          requestAnimationFrame(() => requestAnimationFrame(shift));
        }),
    );
  /** The vitals of a page by name; each name has to be there once. */
  const vitalsOf = (lines: readonly Line[], path: string): Readonly<Record<string, number>> => {
    const pairs = lines
      .filter(({ event, url }) => event === "web_vital" && String(url).endsWith(path))
      .map(({ metadata }) => Object.values(JSON.parse(JSON.stringify(metadata))));
    expect(new Set(pairs.map(([name]) => name)).size).toBe(pairs.length);
    return Object.fromEntries(pairs);
  };

  test("leave with the page that is left, all five, with values that can be", async () => {
    const visitor = await newVisitor();
    await visitor.page.goto(visitor.at("/page"));
    await settle(visitor);
    await visitor.page.click("button");
    const lines = await visitor.leave();
    const { LCP, INP, CLS, FCP, TTFB, ...others } = vitalsOf(lines, "/page");
    expect(others).toEqual({});
    expect(TTFB).toBeGreaterThanOrEqual(0);
    expect(FCP).toBeGreaterThanOrEqual(TTFB ?? Number.NaN);
    expect(LCP).toBeGreaterThanOrEqual(FCP ?? Number.NaN);
    expect(INP).toBeGreaterThanOrEqual(60);
    expect(CLS).toBeGreaterThan(0.01);
    for (const value of [LCP, INP, FCP, TTFB]) expect(Number.isInteger(value)).toBe(true);
    expect(lines.map(({ event }) => event).filter((event) => event === "page_view")).toHaveLength(1);
    expect(Object.keys(JSON.parse(JSON.stringify(lines.at(-1)?.["metadata"])))).toEqual(["name", "value"]);
  });

  test("are in the last batch, and in none before", async () => {
    const visitor = await newVisitor();
    visitor.edge.setConfig({ flush_ms: 50 });
    await visitor.page.goto(visitor.at("/page"));
    await settle(visitor);
    await visitor.page.evaluate(() => window.passerby?.track("before"));
    await expect
      .poll(
        () =>
          visitor.edge
            .posts()
            .flatMap(({ events }) => events)
            .at(-1)?.["event"],
      )
      .toBe("before");
    expect(
      visitor.edge
        .posts()
        .flatMap(({ events }) => events)
        .map(({ event }) => event),
    ).not.toContain("web_vital");
    await visitor.leave();
    expect(
      visitor.edge
        .posts()
        .at(-1)
        ?.events.map(({ event }) => event),
    ).toContain("web_vital");
  });

  test("have what moved in the very moment before a page is left", async () => {
    const visitor = await newVisitor();
    await visitor.page.goto(visitor.at("/page"));
    await settle(visitor);
    const early = await visitor.page.evaluate(
      (next) =>
        new Promise<number>((resolve) => {
          new PerformanceObserver((list, observer) => {
            const [first] = list.getEntries();
            observer.disconnect();
            resolve(first && "value" in first ? Number(first.value) : 0);
            location.assign(next);
          }).observe({ type: "layout-shift" });
          shift();
        }),
      visitor.at("/next"),
    );
    await visitor.page.waitForURL(/next/);
    const { CLS } = vitalsOf(await visitor.leave(), "/page");
    expect(early).toBeGreaterThan(0);
    expect(CLS).toBeGreaterThan(early);
  });

  test("are told once, however often the page is hidden", async () => {
    const visitor = await newVisitor();
    await visitor.page.goto(visitor.at("/page"));
    await settle(visitor);
    const other = await visitor.context.newPage();
    for (let times = 0; times < 2; times += 1) {
      await visitor.page.evaluate(() => {
        for (const hidden of [true, false]) {
          Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
          document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
        }
      });
    }
    await other.close();
    const vitals = vitalsOf(await visitor.leave(), "/page");
    expect(Object.keys(vitals)).toEqual(expect.arrayContaining(["TTFB", "FCP", "LCP", "CLS"]));
  });

  test("are told again when the page comes back from the back/forward cache", async () => {
    const visitor = await newVisitor();
    await visitor.page.goto(visitor.at("/start"));
    await settle(visitor);
    await visitor.page.evaluate((to) => location.assign(to), visitor.at("/other"));
    await visitor.page.waitForURL(/other/);
    await visitor.page.evaluate(() => history.back());
    await visitor.page.waitForURL(/start/);
    expect(await visitor.page.evaluate(() => performance.getEntriesByType("navigation").length)).toBe(1);
    await settle(visitor);
    const told = (await visitor.leave()).filter(
      ({ event, url }) => event === "web_vital" && /start$/.test(String(url)),
    );
    const values = told.map(({ metadata }) => JSON.parse(JSON.stringify(metadata)));
    expect(values.filter(({ name }) => name === "TTFB")).toHaveLength(2);
    expect(values.filter(({ name }) => name === "TTFB").at(-1)).toEqual({ name: "TTFB", value: 0 });
    expect(values.filter(({ name }) => name === "CLS")).toHaveLength(2);
  });

  test("are told about the page of the load, and not about one that the History API led to", async () => {
    const visitor = await newVisitor();
    await visitor.page.goto(visitor.at("/start"));
    await settle(visitor);
    await visitor.page.evaluate(() => history.pushState(null, "", "pushed"));
    await visitor.page.click("button");
    await settle(visitor);
    const lines = await visitor.leave();
    expect(Object.keys(vitalsOf(lines, "/start")).sort()).toEqual(["CLS", "FCP", "LCP", "TTFB"]);
    expect(vitalsOf(lines, "/pushed")).toEqual({});
  });

  test("go on where an address is replaced, and for a new query", async () => {
    const visitor = await newVisitor();
    await visitor.page.goto(visitor.at("/start"));
    await visitor.page.evaluate(() => history.replaceState(null, "", "final"));
    await visitor.page.evaluate(() => history.pushState(null, "", "?page=2"));
    await settle(visitor);
    const lines = await visitor.leave();
    expect(Object.keys(vitalsOf(lines, "/final"))).toContain("CLS");
    expect(vitalsOf(lines, "/start")).toEqual({});
  });

  test.for([
    ["before the core", (core: string) => SCRIPT + core],
    ["after the core", (core: string) => core + SCRIPT],
    ["twice", (core: string) => SCRIPT + core + SCRIPT],
  ] as const)("come from a script that is loaded %s, without a word to the page", async ([, order]) => {
    const starter = (apiUrl: string): string =>
      order(`<script defer src="/passerby.js" data-api="${apiUrl}"></script>`);
    const visitor = await newVisitor({ starter, head: "" });
    const problems: string[] = [];
    visitor.page.on("pageerror", (error) => problems.push(error.message));
    visitor.page.on("console", (message) => problems.push(message.text()));
    await visitor.page.goto(visitor.at("/page"));
    await settle(visitor);
    expect(Object.keys(await visitor.page.evaluate(() => ({ ...window.passerby }))).sort()).toContain("hooks");
    const vitals = vitalsOf(await visitor.leave(), "/page");
    expect(Object.keys(vitals)).toEqual(expect.arrayContaining(["TTFB", "FCP", "LCP", "CLS"]));
    expect(problems).toEqual([]);
  });
});
