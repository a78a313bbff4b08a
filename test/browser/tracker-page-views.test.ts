/** Holds when the tracker counts a page view, what it says about it, and when it counts none. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromium } from "../means.ts";
import { type Bench, expectEvents, startBench, type Visitor } from "./support/tracking.ts";

describe.skipIf(chromium === undefined)("page views [needs chromium]", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench?.close());

  test("say where and whence, and of the query only what names a campaign", async () => {
    const visitor = await bench.newVisitor({
      browser: { locale: "de-AT" },
      pages: { head: '<meta name="referrer" content="unsafe-url">' },
    });
    await visitor.arrive("/from?token=secret#part");
    await visitor.arrive("/to?utm_source=mail&email=a@b.example&ref=x#y", (address) =>
      visitor.page.evaluate((to) => location.assign(to), address),
    );
    const before = Date.now();
    const lines = await visitor.leave();
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatchObject({
      event: "page_view",
      site: "example.com",
      url: visitor.at("/to?utm_source=mail&ref=x"),
      referrer: visitor.at("/from"),
      title: "Page to",
      language: "de-AT",
      sample_rate: 1,
    });
    expect(lines[1]).not.toHaveProperty("bucket");
    expect(lines[1]?.["event_id"]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(Math.abs(Date.parse(String(lines[1]?.["timestamp"])) - before)).toBeLessThan(10_000);
  });

  test("name no visitor: the browser sends neither an id nor a session", async () => {
    const visitor = await bench.newVisitor();
    await visitor.arrive("/page");
    await visitor.leave();
    const sent = visitor.edge.posts().flatMap(({ events }) => events.flatMap(Object.keys));
    expect([...new Set(sent)].sort()).toEqual(
      ["event", "event_id", "metadata", "sample_rate", "timestamp", "title", "url"].sort(),
    );
  });

  test("are counted when the History API changes the path, with the title of the new page", async () => {
    const visitor = await bench.newVisitor();
    const titles = await collectTitles(visitor, async (page) => {
      await page.evaluate(() => {
        history.pushState(null, "", "pushed");
        // A frame may be late by any time where the machine is busy; timers come in the order in which they are due.
        setTimeout(() => {
          document.title = "Pushed, as its framework calls it";
        }, 20);
      });
    });
    expect(titles).toEqual(["Page start", "Pushed, as its framework calls it"]);
  });

  test("are counted once for each path that was pushed, replaced or gone back to", async () => {
    await expectEvents(await bench.newVisitor(), {
      action: async ({ page, at }) => {
        await page.goto(at("/start"));
        await page.evaluate(() => {
          history.pushState(null, "", "one");
          history.pushState(null, "", "two");
          window.passerby?.track("on_two");
          history.replaceState(null, "", "three");
          window.passerby?.track("on_three");
        });
        await page.goBack();
        await page.waitForURL(at("/one"));
      },
      expected: [
        'page_view {"path":"/start"}',
        'page_view {"path":"/one"}',
        'page_view {"path":"/two"}',
        "on_two {}",
        'page_view {"path":"/three"}',
        "on_three {}",
        'page_view {"path":"/one"}',
      ],
      refuted: [],
    });
  });

  test("are not counted for a new query, a new fragment, or the same path again", async () => {
    await expectEvents(await bench.newVisitor(), {
      action: async ({ page, at }) => {
        await page.goto(at("/start"));
        await page.evaluate(() => {
          history.pushState(null, "", "?page=2");
          history.replaceState({ scroll: 3 }, "", "?page=3");
          history.pushState(null, "", "start");
          location.hash = "part";
        });
        await page.goBack();
        await page.waitForURL(at("/start"));
        await page.evaluate(() => window.passerby?.track("still_here"));
      },
      expected: ['page_view {"path":"/start"}', "still_here {}"],
      refuted: ['page_view {"path":"/"}'],
    });
  });

  test("are not counted for an address that was replaced before anybody could see it", async () => {
    await expectEvents(await bench.newVisitor(), {
      action: async ({ page, at }) => {
        await page.goto(at("/start"));
        await page.evaluate(() => {
          history.pushState(null, "", "account");
          history.replaceState(null, "", "sign-in");
        });
      },
      expected: ['page_view {"path":"/start"}', 'page_view {"path":"/sign-in"}'],
      refuted: ['page_view {"path":"/account"}'],
    });
  });

  test("are counted again, once, when a page comes back from the back/forward cache", async () => {
    await expectEvents(await bench.newVisitor(), {
      action: async ({ page, at }) => {
        await page.goto(at("/start"));
        await page.evaluate(() => {
          addEventListener("pageshow", (event) => {
            document.title = event.persisted ? "from the cache" : "loaded";
          });
        });
        await page.goto(at("/next"));
        // Not page.goBack(), which waits for a load event that such a page does not have.
        await page.evaluate(() => void setTimeout(() => history.back()));
        await expect.poll(() => page.title()).toBe("from the cache");
      },
      expected: ['page_view {"path":"/start"}', 'page_view {"path":"/next"}', 'page_view {"path":"/start"}'],
      refuted: [],
    });
  });

  test("are counted once when the tracker is on the page twice", async () => {
    await expectEvents(await bench.newVisitor(), {
      action: async ({ page, at }) => {
        await page.goto(at("/page"));
        await page.addScriptTag({ url: "/passerby.js" });
      },
      expected: ['page_view {"path":"/page"}'],
      refuted: [],
    });
  });
});

/** Returns the titles of the page views of a visit, which ends when the page after the action has been sent. */
async function collectTitles(visitor: Visitor, action: (page: Visitor["page"]) => Promise<void>): Promise<unknown[]> {
  visitor.edge.setConfig({ flush_ms: 100 });
  await visitor.page.goto(visitor.at("/start"));
  await action(visitor.page);
  await expect.poll(() => visitor.edge.posts().flatMap(({ events }) => events).length).toBe(2);
  return (await visitor.leave()).map(({ title }) => title);
}
