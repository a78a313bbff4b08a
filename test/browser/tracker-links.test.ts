/** Holds which clicks the tracker reports: those that open a link to another host, by whatever means. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromium } from "../means.ts";
import { type Bench, expectEvents, startBench } from "./support/tracking.ts";

const LINKS = `
<a id="docs" href="https://docs.example.org/guide?token=secret#top">  The
   guide </a>
<a id="icon" href="https://user:password@docs.example.org/icon"><span id="inner">${"long ".repeat(20)}</span></a>
<a id="inside" href="/elsewhere">Inside</a>
<a id="fragment" href="#part">Part</a>
<a id="mail" href="mailto:a@example.org">Mail</a>
<a id="phone" href="tel:+43123">Phone</a>
<a id="code" href="javascript:void 0">Code</a>
<a id="none">No link</a>
<div id="host"></div>
<script>
  const shadow = document.querySelector("#host").attachShadow({ mode: "open" });
  shadow.innerHTML = '<a id="shadow" href="https://docs.example.org/shadow">Shadow</a>';
  // The page stays where it is, and stops events as frameworks may.
  for (const type of ["click", "auxclick"]) {
    document.addEventListener(type, (event) => { event.preventDefault(); event.stopImmediatePropagation(); }, true);
  }
</script>`;

describe.skipIf(chromium === undefined)("link clicks [needs chromium]", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench?.close());

  test("are reported for links to other hosts, without query, fragment and password", async () => {
    await expectEvents(await bench.newVisitor({ pages: { body: LINKS } }), {
      action: async ({ page, at }) => {
        await page.goto(at("/page"));
        await page.click("#docs");
        await page.click("#inner");
        await page.click("#shadow");
        await page.focus("#docs");
        await page.keyboard.press("Enter");
        await page.click("#docs", { button: "middle" });
        await page.click("#docs", { modifiers: ["Control"] });
      },
      expected: [
        'page_view {"path":"/page"}',
        'link_click {"href":"https://docs.example.org/guide","text":"The guide"}',
        `link_click {"href":"https://docs.example.org/icon","text":"${"long ".repeat(20).slice(0, 64)}"}`,
        'link_click {"href":"https://docs.example.org/shadow","text":"Shadow"}',
        'link_click {"href":"https://docs.example.org/guide","text":"The guide"}',
        'link_click {"href":"https://docs.example.org/guide","text":"The guide"}',
        'link_click {"href":"https://docs.example.org/guide","text":"The guide"}',
      ],
      refuted: [],
    });
  });

  test("are not reported for links within the site, other schemes, other buttons and no links", async () => {
    await expectEvents(await bench.newVisitor({ pages: { body: LINKS } }), {
      action: async ({ page, at }) => {
        await page.goto(at("/page"));
        for (const id of ["inside", "fragment", "mail", "phone", "code", "none"]) await page.click(`#${id}`);
        await page.click("#docs", { button: "right" });
      },
      expected: ['page_view {"path":"/page"}'],
      refuted: [
        'link_click {"href":"https://docs.example.org/guide","text":"The guide"}',
        'link_click {"href":"mailto:a@example.org","text":"Mail"}',
      ],
    });
  });

  test("reach the collector although the click leaves the page", async () => {
    const port = new URL(bench.origin).port;
    const visitor = await bench.newVisitor({
      pages: { body: `<a href="http://127.0.0.1:${port}/away?session=1">Away</a>` },
    });
    await visitor.page.goto(visitor.at("/page"));
    await visitor.page.click("a");
    await visitor.page.waitForURL(/away/);
    await expect
      .poll(() => bench.readLines(visitor.at("")).map(({ event }) => event))
      .toEqual(["page_view", "link_click"]);
    expect(bench.readLines(visitor.at(""))[1]?.["metadata"]).toEqual({
      href: `http://127.0.0.1:${port}/away`,
      text: "Away",
    });
  });
});
