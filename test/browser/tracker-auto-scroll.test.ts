/** Holds how much of a page is reported as seen: once a step and view, for the page as tall as it came to be. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromium } from "../means.ts";
import { captureOnly, describeByPage, moveTo, setHidden, settleView } from "./support/auto-capture.ts";
import { type Bench, expectEvents, startBench } from "./support/tracking.ts";

const head = `<style>html, body { margin: 0 } #tall { height: 10000px } #pane { height: 100vh; overflow: auto }</style>
${captureOnly("scroll-depth")}`;
const tall = '<div id="tall">Tall</div>';
/** 10,000 pixels are ten of these. */
const browser = { viewport: { width: 800, height: 1000 } };

const depths = (...percents: readonly number[]): readonly string[] =>
  percents.map((percent) => `scroll_depth {"percent":${percent}}`);

/** Scrolls so that `percent` of the tall page have been seen, and lets two frames go by. */
async function see(page: Page, percent: number): Promise<void> {
  await page.evaluate(
    (y) => {
      scrollTo(0, y);
      return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    },
    percent * 100 - 1000,
  );
}

describe.skipIf(chromium === undefined)("the depth of scrolling [needs chromium]", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench?.close());

  test("is what was seen at the lowest, in steps, as the page is left", async () => {
    await expectEvents(await bench.newVisitor({ browser, pages: { head, body: tall } }), {
      action: async ({ page, at }) => {
        await page.goto(at("/page"));
        await see(page, 76);
        await see(page, 30);
      },
      expected: ['page_view {"path":"/page"}', ...depths(25, 50, 75)],
      refuted: depths(90),
    });
  });

  test("is nothing where less than a quarter was seen", async () => {
    await expectEvents(await bench.newVisitor({ browser, pages: { head, body: tall } }), {
      action: ({ page, at }) => page.goto(at("/page")),
      expected: ['page_view {"path":"/page"}'],
      refuted: depths(25),
    });
  });

  test("is all of a page that fits the window", async () => {
    await expectEvents(await bench.newVisitor({ browser, pages: { head, body: "Short" } }), {
      action: ({ page, at }) => page.goto(at("/page")),
      expected: ['page_view {"path":"/page"}', ...depths(25, 50, 75, 90)],
      refuted: [],
    });
  });

  test("is reported once a step, however often the page is hidden and shown", async () => {
    await expectEvents(await bench.newVisitor({ browser, pages: { head, body: tall } }), {
      action: async ({ page, at }) => {
        await page.goto(at("/page"));
        for (const percent of [30, 40, 60, 60]) {
          await see(page, percent);
          await setHidden(page, true);
          await setHidden(page, false);
        }
      },
      expected: ['page_view {"path":"/page"}', ...depths(25, 50)],
      refuted: depths(75),
    });
  });

  test("is measured by the page with all that has come, not by the frame that it began as", async () => {
    await expectEvents(await bench.newVisitor({ browser, pages: { head, body: '<div id="grows">Wait</div>' } }), {
      action: async ({ page, at }) => {
        await page.goto(at("/page"));
        await page.evaluate(() => {
          document.querySelector("#grows")?.setAttribute("id", "tall");
        });
        await see(page, 55);
        // Twice as tall: 5,500 pixels are 27 percent now.
        await page.evaluate(() => document.body.insertAdjacentHTML("beforeend", '<p style="height:10000px"></p>'));
      },
      expected: ['page_view {"path":"/page"}', ...depths(25)],
      refuted: depths(50, 90),
    });
  });

  test("begins anew with each view of a single page, and belongs to the view it was gathered on", async () => {
    const visitor = await bench.newVisitor({ browser, pages: { head, body: tall } });
    const { page } = visitor;
    await page.goto(visitor.at("/one"));
    await see(page, 60);
    await page.evaluate(() => history.replaceState(null, "", "?filter=1"));
    await moveTo(page, "two");
    await see(page, 30);
    await page.evaluate(() => {
      // An address that is replaced before anybody could see it has no depth.
      history.pushState(null, "", "account");
      history.replaceState(null, "", "three");
    });
    await settleView(page);
    await see(page, 10);
    expect(describeByPage(await visitor.leave()).filter((line) => /scroll|account/.test(line))).toEqual([
      'one scroll_depth {"percent":25}',
      'one scroll_depth {"percent":50}',
      'two scroll_depth {"percent":25}',
    ]);
  });

  test("is that of the part that scrolls where the document does not", async () => {
    const body = `<div id="pane">${tall}</div>`;
    await expectEvents(await bench.newVisitor({ browser, pages: { head, body } }), {
      action: async ({ page, at }) => {
        await page.goto(at("/unscrolled"));
        await page.goto(at("/scrolled"));
        await page.evaluate(() => {
          document.querySelector("#pane")?.scrollTo(0, 4500);
          return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
        });
      },
      expected: ['page_view {"path":"/unscrolled"}', 'page_view {"path":"/scrolled"}', ...depths(25, 50)],
      refuted: depths(90),
    });
  });

  test("is not reported for a tab that nobody looked at, nor where it is turned off", async () => {
    const initScript = (): void => {
      Object.defineProperty(document, "hidden", { value: true });
    };
    const expected = ['page_view {"path":"/page"}'];
    const action = ({ page, at }: { page: Page; at: (path: string) => string }): Promise<unknown> =>
      page.goto(at("/page"));
    const hidden = await bench.newVisitor({ browser, initScript, pages: { head, body: "Short" } });
    await expectEvents(hidden, { action, expected, refuted: depths(25) });
    const off = await bench.newVisitor({ browser, pages: { head: captureOnly("search"), body: "Short" } });
    await expectEvents(off, { action, expected, refuted: depths(25) });
  });
});
