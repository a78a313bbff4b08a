/** Holds that web vitals of real pages are told once, in the last batch, and about the page that they were measured on. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromium } from "../means.ts";
import { type Bench, byMoment, type Line, startBench, type Visitor, type VisitorSettings } from "./support/tracking.ts";

const SCRIPT = '<script defer src="/passerby-vitals.js"></script>';
/** A page that is painted, reacts to a click 60 ms late, and can move its text down by itself. */
const BODY = `<p style="font-size: 40px">A paragraph that is large enough to be the largest of the page</p>
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

type Told = readonly [name: string, value: number];
type Vitals = Readonly<Record<string, number>>;

describe.skipIf(chromium === undefined)("web vitals [needs chromium]", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench?.close());

  const newVisitor = (pages: VisitorSettings["pages"] = {}): Promise<Visitor> =>
    bench.newVisitor({ pages: { head: SCRIPT, body: BODY, ...pages } });
  /** Lets text move, and waits until the page was told of it, and so of all that was painted before. */
  const settle = (visitor: Visitor): Promise<void> =>
    visitor.page.evaluate(
      () =>
        new Promise<void>((resolve) => {
          new PerformanceObserver(() => requestIdleCallback(() => resolve())).observe({ type: "layout-shift" });
          requestAnimationFrame(() => requestAnimationFrame(shift));
        }),
    );
  /** The vitals that the log has of a page, in order. */
  const listVitals = (visitor: Visitor, path: string): readonly Told[] =>
    bench
      .readLines(visitor.at(""))
      .filter(isVital)
      .filter(({ url }) => url === visitor.at(path))
      .map(readTold);
  /** The same by name; each name has to be there once. */
  const readVitals = (visitor: Visitor, path: string): Vitals => {
    const told = listVitals(visitor, path);
    expect(new Set(told.map(([name]) => name)).size).toBe(told.length);
    return Object.fromEntries(told);
  };
  /** Goes on to another page and waits for the vitals of the one that is left. */
  const goOn = async (visitor: Visitor, left: string): Promise<Vitals> => {
    await visitor.page.goto(visitor.at("/next"));
    const seen = (): readonly string[] => Object.keys(readVitals(visitor, left));
    await expect.poll(seen).toEqual(expect.arrayContaining(["CLS", "FCP", "LCP", "TTFB"]));
    return readVitals(visitor, left);
  };

  test("leave with the page that is left, all five, with values that can be", async () => {
    const visitor = await newVisitor();
    await visitor.page.goto(visitor.at("/page"));
    await settle(visitor);
    await visitor.page.click("button");
    const { LCP, INP, CLS, FCP, TTFB, ...others } = await goOn(visitor, "/page");
    await visitor.leave();
    expect(others).toEqual({});
    expect(TTFB).toBeGreaterThanOrEqual(0);
    expect(FCP).toBeGreaterThanOrEqual(TTFB ?? Number.NaN);
    expect(LCP).toBeGreaterThanOrEqual(FCP ?? Number.NaN);
    expect(INP).toBeGreaterThanOrEqual(60);
    expect(CLS).toBeGreaterThan(0.01);
    for (const value of [LCP, INP, FCP, TTFB]) expect(Number.isInteger(value)).toBe(true);
  });

  test("are in the last batch, and in none before", async () => {
    const visitor = await newVisitor();
    visitor.edge.setConfig({ flush_ms: 50 });
    await visitor.page.goto(visitor.at("/page"));
    await settle(visitor);
    await expect.poll(() => visitor.edge.posts().length).toBe(1);
    await visitor.page.evaluate(() => window.passerby?.track("before"));
    await expect.poll(() => visitor.edge.posts().at(-1)?.events.at(-1)?.["event"]).toBe("before");
    await goOn(visitor, "/page");
    await visitor.leave();
    const batches = visitor.edge
      .posts()
      .map(({ events }) => events.filter(({ url }) => url === visitor.at("/page")))
      .filter((events) => events.length > 0)
      .toSorted(([a], [b]) => byMoment(a ?? {}, b ?? {}));
    const names = batches.map((events) => events.map(({ event }) => event));
    expect(names).toEqual([["page_view"], ["before"], Array(4).fill("web_vital")]);
    expect(batches[2]?.map(({ metadata }) => Object.keys(Object(metadata)))).toEqual(Array(4).fill(["name", "value"]));
  });

  test("are not taken at pagehide, which comes before the library has its last values", async () => {
    const visitor = await newVisitor();
    await visitor.page.goto(visitor.at("/page"));
    await settle(visitor);
    await visitor.page.evaluate(() => dispatchEvent(new PageTransitionEvent("pagehide")));
    await visitor.page.click("button");
    const { INP } = await goOn(visitor, "/page");
    await visitor.leave();
    expect(INP).toBeGreaterThanOrEqual(60);
    const batches = visitor.edge.posts().filter(({ events }) => events.some(isVital));
    expect(batches[0]?.events.filter(isVital)).toHaveLength(5);
  });

  test("are told once, however often the page is hidden", async () => {
    const visitor = await newVisitor();
    await visitor.page.goto(visitor.at("/page"));
    await settle(visitor);
    for (let times = 0; times < 2; times += 1) {
      await visitor.page.evaluate(() => {
        for (const hidden of [true, false]) {
          Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
          document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
        }
      });
    }
    await expect.poll(() => Object.keys(readVitals(visitor, "/page")).sort()).toEqual(["CLS", "FCP", "LCP", "TTFB"]);
    await settle(visitor);
    await visitor.leave();
    expect(Object.keys(readVitals(visitor, "/page")).sort()).toEqual(["CLS", "FCP", "LCP", "TTFB"]);
  });

  test("are told again when the page comes back from the back/forward cache", async () => {
    const visitor = await newVisitor();
    await visitor.page.goto(visitor.at("/start"));
    await settle(visitor);
    await visitor.page.evaluate(() => {
      addEventListener("pageshow", (event) => {
        document.title = event.persisted ? "from the cache" : "loaded";
      });
    });
    await goOn(visitor, "/start");
    // Not page.goBack(), which waits for a load event that such a page does not have.
    await visitor.page.evaluate(() => void setTimeout(() => history.back()));
    await expect.poll(() => visitor.page.title()).toBe("from the cache");
    // FCP and LCP of the return are measured two frames later.
    await visitor.page.evaluate(
      () =>
        new Promise((resolve) => {
          requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(resolve)));
        }),
    );
    await visitor.page.goto(visitor.at("/last"));
    const count = (name: string): number => listVitals(visitor, "/start").filter(([told]) => told === name).length;
    await expect.poll(() => ["TTFB", "FCP", "LCP", "CLS"].map(count)).toEqual([2, 2, 2, 2]);
    // Nothing was asked of the network, and that is what the visitor met.
    expect(listVitals(visitor, "/start").findLast(([name]) => name === "TTFB")).toEqual(["TTFB", 0]);
    await visitor.leave();
  });

  test("are told about the page of the load, and not about one that the History API led to", async () => {
    const visitor = await newVisitor();
    await visitor.page.goto(visitor.at("/start"));
    await settle(visitor);
    await visitor.page.evaluate(() => history.pushState(null, "", "pushed"));
    await visitor.page.click("button");
    await settle(visitor);
    await visitor.page.evaluate(() => history.back());
    await visitor.page.waitForURL(/start/);
    const vitals = await goOn(visitor, "/start");
    await visitor.leave();
    expect(Object.keys(vitals).sort()).toEqual(["CLS", "FCP", "LCP", "TTFB"]);
    expect(readVitals(visitor, "/pushed")).toEqual({});
  });

  test("go on where an address is replaced, and for a new query", async () => {
    const visitor = await newVisitor();
    await visitor.page.goto(visitor.at("/start"));
    await visitor.page.evaluate(() => {
      history.replaceState(null, "", "final");
      history.pushState(null, "", "?page=2");
    });
    await settle(visitor);
    const vitals = await goOn(visitor, "/final");
    await visitor.leave();
    expect(Object.keys(vitals)).toContain("CLS");
    expect(readVitals(visitor, "/start")).toEqual({});
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
    const vitals = await goOn(visitor, "/page");
    await visitor.leave();
    expect(Object.keys(vitals).sort()).toEqual(["CLS", "FCP", "LCP", "TTFB"]);
    expect(problems).toEqual([]);
  });
});

function isVital({ event }: Line): boolean {
  return event === "web_vital";
}

function readTold({ metadata }: Line): Told {
  const { name, value } = JSON.parse(JSON.stringify(metadata));
  return [name, value];
}
