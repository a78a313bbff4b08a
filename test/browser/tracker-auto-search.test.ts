/** Holds which searches and missing pages are reported: as the address and the page tell them, once a view. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromium } from "../means.ts";
import { captureOnly, captureWith, describeByPage, moveTo, withoutNavigation } from "./support/auto-capture.ts";
import { type Bench, expectEvents, startBench } from "./support/tracking.ts";

const quiet = 'data-engagement="off" data-scroll-depth="off"';

describe.skipIf(chromium === undefined)("searches and missing pages [needs chromium]", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench?.close());

  test("searches are the terms in the page's address, by the first parameter that has any", async () => {
    const long = "word ".repeat(40);
    await expectEvents(await bench.newVisitor({ pages: { head: captureOnly("search") } }), {
      action: async ({ page, at }) => {
        await page.goto(at("/find?page=2&s=%20harrow++fell%0A&secret=canary#q=part"));
        await page.goto(at("/find?q=&query=second"));
        await page.goto(at(`/find?keyword=${encodeURIComponent(long)}`));
        await page.goto(at("/find?question=none&Q=none"));
      },
      expected: [
        'page_view {"path":"/find"}',
        'search {"terms":"harrow fell"}',
        'page_view {"path":"/find"}',
        'search {"terms":"second"}',
        'page_view {"path":"/find"}',
        `search {"terms":"${long.slice(0, 99)}"}`,
        'page_view {"path":"/find"}',
      ],
      refuted: ['search {"terms":""}', 'search {"terms":"part"}'],
    });
  });

  test("searches go by the page's own parameters where it names some, and can be turned off", async () => {
    const own = captureWith(`data-search="term, x" ${quiet}`);
    await expectEvents(await bench.newVisitor({ pages: { head: own } }), {
      action: ({ page, at }) => page.goto(at("/find?q=usual&x=own")),
      expected: ['page_view {"path":"/find"}', 'search {"terms":"own"}'],
      refuted: ['search {"terms":"usual"}'],
    });
    await expectEvents(await bench.newVisitor({ pages: { head: captureOnly("declared") } }), {
      action: ({ page, at }) => page.goto(at("/find?q=usual")),
      expected: ['page_view {"path":"/find"}'],
      refuted: ['search {"terms":"usual"}'],
    });
  });

  test.for([
    ["by the Navigation API", () => {}],
    ["in browsers without it", withoutNavigation],
  ] as const)(
    "a change of the query is a search when it stands, the same terms once a view, %s",
    async ([, initScript]) => {
      const visitor = await bench.newVisitor({ pages: { head: captureOnly("search") }, initScript });
      await expectEvents(visitor, {
        action: async ({ page, at }) => {
          await page.clock.install();
          await page.goto(at("/find?q=fell"));
          const search = (query: string): Promise<void> =>
            page.evaluate((to) => history.replaceState(null, "", to), query);
          for (const query of ["?q=m", "?q=ma", "?q=map"]) await search(query);
          await page.clock.runFor(1000);
          for (const query of ["?q=map&page=2", "?q=fell", "?q=", "?page=3"]) {
            await search(query);
            await page.clock.runFor(1000);
          }
          // Leaving does not wait until it has stood.
          await search("?q=tarn");
          await page.evaluate(() => history.pushState(null, "", "page?q=tarn"));
          await page.clock.runFor(1000);
        },
        expected: [
          'page_view {"path":"/find"}',
          'search {"terms":"fell"}',
          'search {"terms":"map"}',
          'search {"terms":"tarn"}',
          'page_view {"path":"/page"}',
          'search {"terms":"tarn"}',
        ],
        refuted: ['search {"terms":"m"}', 'search {"terms":"ma"}'],
      });
    },
  );

  test("a page is missing when the server's answer says so", async () => {
    await expectEvents(await bench.newVisitor({ pages: { head: captureOnly("not-found") } }), {
      action: async ({ page, at }) => {
        await page.goto(at("/missing"));
        await page.goto(at("/there"));
      },
      expected: ['page_view {"path":"/missing"}', "not_found {}", 'page_view {"path":"/there"}'],
      refuted: [],
    });
  });

  test.for([
    ["a meta element", `<meta name="passerby:not-found">${captureOnly("not-found")}`],
    ["an attribute of the script tag", captureWith(`data-not-found ${quiet}`)],
  ] as const)("a page is missing when it says so by %s", async ([, head]) => {
    await expectEvents(await bench.newVisitor({ pages: { head } }), {
      action: ({ page, at }) => page.goto(at("/page")),
      expected: ['page_view {"path":"/page"}', "not_found {}"],
      refuted: [],
    });
  });

  test("in a single page a view is missing when it has the meta element, not because the first one was", async () => {
    const visitor = await bench.newVisitor({ pages: { head: captureOnly("not-found") } });
    const { page } = visitor;
    await page.goto(visitor.at("/missing"));
    await moveTo(page, "there");
    await page.evaluate(() => document.head.insertAdjacentHTML("beforeend", '<meta name="passerby:not-found">'));
    await moveTo(page, "lost");
    const lines = (await visitor.leave()).filter(({ event }) => event === "not_found");
    expect(lines.map(({ url }) => url)).toEqual([visitor.at("/missing"), visitor.at("/lost")]);
  });

  test("a view that comes back from the back/forward cache tells both again", async () => {
    const head = `<meta name="passerby:not-found">${captureOnly("search", "not-found")}`;
    const visitor = await bench.newVisitor({ pages: { head } });
    const { page } = visitor;
    await page.goto(visitor.at("/find?q=fell"));
    await page.evaluate(() => {
      addEventListener("pageshow", (event) => {
        document.title = event.persisted ? "from the cache" : "loaded";
      });
    });
    await page.goto(visitor.at("/page"));
    // Not page.goBack(), which waits for a load event that such a page does not have.
    await page.evaluate(() => void setTimeout(() => history.back()));
    await expect.poll(() => page.title()).toBe("from the cache");
    const first = ['find page_view {"path":"/find"}', 'find search {"terms":"fell"}', "find not_found {}"];
    const told = describeByPage(await visitor.leave()).map((line) => line.replace(/"\/\d+\//, '"/'));
    expect(told).toEqual([...first, 'page page_view {"path":"/page"}', "page not_found {}", ...first]);
  });

  test("a missing page is not reported where that is turned off", async () => {
    await expectEvents(await bench.newVisitor({ pages: { head: captureOnly("search") } }), {
      action: ({ page, at }) => page.goto(at("/missing")),
      expected: ['page_view {"path":"/missing"}'],
      refuted: ["not_found {}"],
    });
  });
});
