/** Holds which time is reported as engagement: that in front of the visitor, each millisecond once, on the right page. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromium } from "../means.ts";
import {
  captureOnly,
  describeByPage,
  moveTo,
  passSeconds,
  setFocus,
  setHidden,
  settleView,
  stopClock,
  withoutNavigation,
} from "./support/auto-capture.ts";
import { type Bench, startBench, type Visitor, type VisitorSettings } from "./support/tracking.ts";

const head = captureOnly("engagement");

describe.skipIf(chromium === undefined)("engagement [needs chromium]", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench?.close());

  /** Opens `/one` with a clock that only the test moves on. */
  const open = async (settings: VisitorSettings = {}): Promise<Visitor> => {
    const visitor = await bench.newVisitor({ ...settings, pages: { head, ...settings.pages } });
    await visitor.context.addInitScript(stopClock);
    await visitor.page.goto(visitor.at("/one"));
    return visitor;
  };

  /** Checks what was reported, as `page milliseconds`, and that each report says nothing else. */
  const expectReports = async (visitor: Visitor, expected: readonly string[]): Promise<void> => {
    const reports = describeByPage(await visitor.leave()).filter((line) => /engagement/.test(line));
    expect(reports).toEqual(expected.map((line) => line.replace(/(\w+) (\d+)/, '$1 engagement {"ms":$2}')));
  };

  test("is the time until the page is left", async () => {
    const visitor = await open();
    await passSeconds(visitor.page, 7.2345);
    await expectReports(visitor, ["one 7235"]);
  });

  test("leaves out time when the page is hidden or another window has the focus", async () => {
    const visitor = await open();
    const { page } = visitor;
    await passSeconds(page, 3);
    await setFocus(page, false);
    await passSeconds(page, 5);
    await setFocus(page, true);
    await passSeconds(page, 2);
    await setHidden(page, true);
    await passSeconds(page, 5);
    await setFocus(page, false);
    await setHidden(page, false);
    await passSeconds(page, 5);
    await setFocus(page, true);
    await passSeconds(page, 4);
    await expectReports(visitor, ["one 5000", "one 4000"]);
  });

  test("of less than a second is no event, but waits for more", async () => {
    const visitor = await open();
    const { page } = visitor;
    for (const seconds of [0.4, 0.5, 0.6, 0.7]) {
      await passSeconds(page, seconds);
      await setHidden(page, true);
      await setHidden(page, false);
    }
    await expectReports(visitor, ["one 1500"]);
  });

  test.for([
    ["by the Navigation API", () => {}],
    ["in browsers without it", withoutNavigation],
  ] as const)("is told by the view that is left, %s", async ([, initScript]) => {
    const visitor = await open({ initScript });
    const { page } = visitor;
    await passSeconds(page, 3);
    await page.evaluate(() => history.replaceState(null, "", "?filter=1"));
    await passSeconds(page, 2);
    await moveTo(page, "two");
    await passSeconds(page, 4);
    await page.evaluate(() => {
      // An address that is replaced before anybody could see it has no time either.
      history.pushState(null, "", "account");
      window.passTime?.(2000);
      history.replaceState(null, "", "three");
    });
    await settleView(page);
    await passSeconds(page, 6);
    await expectReports(visitor, ["one 5000", "two 4000", "three 6000"]);
    expect(bench.readLines(visitor.at("")).map(({ url }) => url)).not.toContain(visitor.at("/account"));
  });

  test("is told by the view that is left by the way back", async () => {
    const visitor = await open();
    const { page } = visitor;
    await moveTo(page, "two");
    await passSeconds(page, 4);
    await page.goBack();
    await page.waitForURL(visitor.at("/one"));
    await passSeconds(page, 6);
    await expectReports(visitor, ["two 4000", "one 6000"]);
  });

  test("of a view that is left by the way back is not told by the wrong page where browsers tell too late", async () => {
    const visitor = await open({ initScript: withoutNavigation });
    const { page } = visitor;
    await moveTo(page, "two");
    await passSeconds(page, 4);
    await page.goBack();
    await page.waitForURL(visitor.at("/one"));
    await passSeconds(page, 6);
    await expectReports(visitor, ["one 6000"]);
  });

  test("goes on in a site whose pages are fragments", async () => {
    const visitor = await open();
    const { page } = visitor;
    await passSeconds(page, 3);
    await page.evaluate(() => {
      location.hash = "#/two";
      return new Promise((resolve) => setTimeout(resolve, 200));
    });
    await passSeconds(page, 4);
    await expectReports(visitor, ["one 3000", "one 4000"]);
  });

  test.for([
    ["as browsers tell", () => {}],
    [
      "where browsers tell no more than pagehide",
      (): void => {
        Object.defineProperty(document, "hidden", { value: false });
        addEventListener("visibilitychange", (event) => event.stopImmediatePropagation(), true);
      },
    ],
  ] as const)("leaves out time in the back/forward cache, %s", async ([, initScript]) => {
    const visitor = await open({ initScript });
    const { page } = visitor;
    await passSeconds(page, 3);
    await page.evaluate(() => {
      addEventListener("pageshow", (event) => {
        document.title = event.persisted ? "from the cache" : "loaded";
      });
    });
    await page.goto(visitor.at("/two"));
    await passSeconds(page, 9);
    // Not page.goBack(), which waits for a load event that such a page does not have.
    await page.evaluate(() => void setTimeout(() => history.back()));
    await expect.poll(() => page.title()).toBe("from the cache");
    // A driven Chromium now and then leaves such a page without the focus.
    await setFocus(page, true);
    await passSeconds(page, 4);
    await expectReports(visitor, ["one 3000", "two 9000", "one 4000"]);
  });

  test("begins when a prerendered page is shown", async () => {
    const visitor = await open({
      // Chromium does not prerender for a browser that is driven from outside.
      initScript: () => Object.defineProperty(document, "prerendering", { value: true, configurable: true }),
    });
    await passSeconds(visitor.page, 9);
    await visitor.page.evaluate(() => {
      Object.defineProperty(document, "prerendering", { value: false });
      document.dispatchEvent(new Event("prerenderingchange"));
    });
    await passSeconds(visitor.page, 3);
    await expectReports(visitor, ["one 3000"]);
  });

  test("is not reported where it is turned off", async () => {
    const visitor = await open({ pages: { head: captureOnly("search") } });
    await passSeconds(visitor.page, 5);
    await expectReports(visitor, []);
  });
});
