/** Holds that automatic capture works however it is loaded, once, and keeps what the core promises to visitor and page. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromium } from "../means.ts";
import { captureWith } from "./support/auto-capture.ts";
import { type Bench, expectEvents, startBench, type Visitor } from "./support/tracking.ts";

const body = `<a href="https://docs.example.org/" onclick="event.preventDefault()">Docs</a>
<form id="letter"><input name="email" value="canary@example.org"><button data-passerby-event="wrote">Send</button></form>
<script>document.addEventListener("submit", (event) => event.preventDefault());</script>`;
const tag = captureWith("");

/** Everything that a visitor can cause on a missing page, and what is reported of it. */
const visit = async ({ page, at }: Visitor): Promise<void> => {
  await page.goto(at("/missing?q=fell"));
  await page.click("a");
  await page.click("button");
};
const EVERYTHING = [
  'page_view {"path":"/missing"}',
  'search {"terms":"fell"}',
  "not_found {}",
  'link_click {"href":"https://docs.example.org/","text":"Docs"}',
  "wrote {}",
  'form_submit {"form":"letter"}',
  ...[25, 50, 75, 90].map((percent) => `scroll_depth {"percent":${percent}}`),
];

describe.skipIf(chromium === undefined)("automatic capture [needs chromium]", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench?.close());

  test.for([
    ["before the core", { head: captureWith('data-engagement="off"') }],
    ["after the core", { body: body + captureWith('data-engagement="off"') }],
    ["twice", { head: captureWith('data-engagement="off"') + captureWith('data-engagement="off"') }],
  ] as const)("has everything on by default, and works when it is loaded %s", async ([, pages]) => {
    await expectEvents(await bench.newVisitor({ pages: { body, ...pages } }), {
      action: visit,
      expected: EVERYTHING,
      refuted: [],
    });
  });

  test("waits while the page is prerendered, and tells of its views once it is shown", async () => {
    const visitor = await bench.newVisitor({
      // Chromium does not prerender for a browser that is driven from outside.
      initScript: () => Object.defineProperty(document, "prerendering", { value: true, configurable: true }),
      pages: { body: body + captureWith('data-engagement="off"') },
    });
    await expectEvents(visitor, {
      action: async ({ page, at }) => {
        await page.goto(at("/missing?q=fell"));
        expect(visitor.edge.seen).toEqual([]);
        await page.evaluate(() => {
          Object.defineProperty(document, "prerendering", { value: false });
          document.dispatchEvent(new Event("prerenderingchange"));
        });
      },
      expected: EVERYTHING.filter((line) => /page_view|search|not_found|scroll/.test(line)),
      refuted: [],
    });
  });

  test("makes no request at all for a browser that sends Global Privacy Control", async () => {
    const silent = await bench.newVisitor({
      browser: { extraHTTPHeaders: { "Sec-GPC": "1" } },
      initScript: () => Object.defineProperty(navigator, "globalPrivacyControl", { value: true }),
      pages: { head: tag, body },
    });
    await visit(silent);
    await silent.page.goto("about:blank");
    const witness = await bench.newVisitor({ pages: { head: tag, body } });
    await witness.page.goto(witness.at("/page"));
    await witness.leave();
    expect(silent.edge.seen).toEqual([]);
  });

  test("stores nothing, adds no global name, and works under a strict content security policy", async () => {
    const policy = `<meta http-equiv="content-security-policy" content="default-src 'none'; script-src 'self'; connect-src *">`;
    const visitor = await bench.newVisitor({
      pages: { head: policy + tag, body: '<a href="/guide.pdf" download>Guide</a>' },
    });
    const { page } = visitor;
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (message) => problems.push(message.text()));
    await page.goto(visitor.at("/page"));
    const left = await page.evaluate(() => {
      const frame = document.body.appendChild(document.createElement("iframe"));
      const usual = new Set(Object.getOwnPropertyNames(frame.contentWindow));
      frame.remove();
      const names = Object.getOwnPropertyNames(window).filter(
        (name) => !usual.has(name) && !/^\d|playwright/i.test(name),
      );
      return { names, stored: [localStorage.length, sessionStorage.length, document.cookie.length] };
    });
    expect(left).toEqual({ names: ["passerby"], stored: [0, 0, 0] });
    expect(problems).toEqual([]);
    await visitor.context.close();
  });

  test("leaves a page alone whose forms and addresses are strange", async () => {
    const strange = `<form action="http://[" data-passerby-event="strange">
      <input name="id"><input name="matches"><input name="attributes"></form>
      <a id="strange" href="http://[">Strange</a>
      <script>for (const type of ["submit", "click"]) document.addEventListener(type, (event) => event.preventDefault());</script>`;
    const visitor = await bench.newVisitor({ pages: { head: captureWith('data-engagement="off"'), body: strange } });
    const problems: string[] = [];
    visitor.page.on("pageerror", (error) => problems.push(error.message));
    await visitor.page.goto(visitor.at("/page?q=%E0%A4%A"));
    await visitor.page.evaluate(() => {
      document.querySelector("#strange")?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
      try {
        history.pushState(null, "", "http://[");
      } catch {
        // As it is without the tracker.
      }
      document.forms[0]?.requestSubmit();
      dispatchEvent(new Event("submit"));
      dispatchEvent(new Event("click"));
      document.dispatchEvent(new Event("scroll"));
    });
    expect((await visitor.leave()).map(({ event }) => event)).toEqual(
      expect.arrayContaining(["form_submit", "strange"]),
    );
    expect(problems).toEqual([]);
  });
});
