/** Holds what the tracker promises about privacy: silence when the browser asks for it, no storage, no cookies. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromium } from "../means.ts";
import { captureOnly } from "./support/auto-capture.ts";
import { type Bench, startBench, type Visitor } from "./support/tracking.ts";

describe.skipIf(chromium === undefined)("privacy [needs chromium]", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench?.close());

  /** A visit with everything that the tracker reports. */
  const visit = async ({ page, at }: Visitor): Promise<void> => {
    await page.goto(at("/page"));
    await page.evaluate(() => {
      window.passerby?.track("something");
      history.pushState(null, "", "next");
    });
    await page.click("a");
    await page.goto("about:blank");
  };
  const head = captureOnly("link-click");
  const body = '<a href="https://docs.example.org/" onclick="event.preventDefault()">Docs</a>';

  test.for([
    [
      "Global Privacy Control",
      "Sec-GPC",
      () => Object.defineProperty(navigator, "globalPrivacyControl", { value: true }),
    ],
    ["Do Not Track", "DNT", () => Object.defineProperty(navigator, "doNotTrack", { value: "1" })],
  ] as const)("makes no request at all for a browser that sends %s", async ([, header, initScript]) => {
    const silent = await bench.newVisitor({
      browser: { extraHTTPHeaders: { [header]: "1" } },
      initScript,
      pages: { head, body },
    });
    await visit(silent);
    const other = await bench.newVisitor({ pages: { head, body } });
    await visit(other);
    await expect
      .poll(() =>
        bench
          .readLines(other.at(""))
          .map(({ event }) => event)
          .sort(),
      )
      .toEqual(["link_click", "page_view", "page_view", "something"]);
    expect(silent.edge.seen).toEqual([]);
    expect(bench.readLines(silent.at(""))).toEqual([]);
  });

  test("stores nothing in the browser and sends no cookie", async () => {
    const visitor = await bench.newVisitor();
    await visitor.context.addCookies([{ name: "session", value: "secret", url: visitor.edge.url }]);
    await visitor.page.goto(visitor.at("/page"));
    await expect.poll(() => visitor.edge.posts().length).toBe(1);
    const stored = await visitor.page.evaluate(async () => ({
      local: localStorage.length,
      session: sessionStorage.length,
      cookie: document.cookie,
      databases: await indexedDB.databases(),
      name: window.name,
    }));
    expect(stored).toEqual({ local: 0, session: 0, cookie: "", databases: [], name: "" });
    expect(visitor.edge.seen.map(({ headers }) => headers.cookie)).toEqual([undefined, undefined]);
  });
});
