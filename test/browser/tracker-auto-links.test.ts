/** Holds which clicks on links are reported: those that lead to another host or to a file, by whatever means. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromium } from "../means.ts";
import { captureOnly, captureWith } from "./support/auto-capture.ts";
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

const FILES = `
<a id="guide" href="https://docs.example.org/files/Guide.PDF?token=secret#page=2">Guide</a>
<a id="track" href="/files/walk.tar.gz">Track</a>
<a id="made" href="/export?id=7" download="walks.csv">Walks</a>
<a id="page" href="/guide.html">Page</a>
<a id="query" href="/show?file=guide.pdf">Query</a>
<a id="folder" href="/archive.zip/contents">Folder</a>
<a id="drawing" href="/drawing.dwg">Drawing</a>
<a id="blob" href="blob:https://docs.example.org/guide.pdf">Blob</a>
<script>document.addEventListener("click", (event) => event.preventDefault());</script>`;

const head = captureOnly("link-click", "download");

describe.skipIf(chromium === undefined)("clicks on links [needs chromium]", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench?.close());

  test("are reported for links to other hosts, without query, fragment and password", async () => {
    await expectEvents(await bench.newVisitor({ pages: { head, body: LINKS } }), {
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
    await expectEvents(await bench.newVisitor({ pages: { head, body: LINKS } }), {
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
      pages: { head, body: `<a href="http://127.0.0.1:${port}/away?session=1">Away</a>` },
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

  test("are downloads where they lead to a file, of the same host too, and nothing else then", async () => {
    await expectEvents(await bench.newVisitor({ pages: { head, body: FILES } }), {
      action: async ({ page, at }) => {
        await page.goto(at("/page"));
        for (const id of ["guide", "track", "made", "page", "query", "folder", "drawing", "blob"]) {
          await page.click(`#${id}`);
        }
      },
      expected: [
        'page_view {"path":"/page"}',
        'download {"href":"https://docs.example.org/files/Guide.PDF","extension":"pdf"}',
        `download {"href":"${bench.origin}/files/walk.tar.gz","extension":"gz"}`,
        `download {"href":"${bench.origin}/export","extension":"csv"}`,
      ],
      refuted: [
        'link_click {"href":"https://docs.example.org/files/Guide.PDF","text":"Guide"}',
        'link_click {"href":"blob:https://docs.example.org/guide.pdf","text":"Blob"}',
      ],
    });
  });

  test("are downloads by the page's own list of endings where it has one", async () => {
    const own = captureWith('data-download="dwg, HTML" data-engagement="off" data-scroll-depth="off"');
    await expectEvents(await bench.newVisitor({ pages: { head: own, body: FILES } }), {
      action: async ({ page, at }) => {
        await page.goto(at("/page"));
        for (const id of ["guide", "track", "page", "drawing"]) await page.click(`#${id}`);
      },
      expected: [
        'page_view {"path":"/page"}',
        'link_click {"href":"https://docs.example.org/files/Guide.PDF","text":"Guide"}',
        `download {"href":"${bench.origin}/guide.html","extension":"html"}`,
        `download {"href":"${bench.origin}/drawing.dwg","extension":"dwg"}`,
      ],
      refuted: ['download {"href":"https://docs.example.org/files/Guide.PDF","extension":"pdf"}'],
    });
  });

  test("are not reported where that is turned off, each by itself", async () => {
    const body = LINKS + FILES;
    const click = async (head: string): Promise<readonly unknown[]> => {
      const visitor = await bench.newVisitor({ pages: { head, body } });
      await visitor.page.goto(visitor.at("/page"));
      for (const id of ["docs", "guide", "track"]) await visitor.page.click(`#${id}`);
      return (await visitor.leave()).map(({ event }) => event);
    };
    expect(await click(captureOnly("download"))).toEqual(["page_view", "download", "download"]);
    expect(await click(captureOnly("link-click"))).toEqual(["page_view", "link_click", "link_click"]);
    expect(await click("")).toEqual(["page_view"]);
  });
});
