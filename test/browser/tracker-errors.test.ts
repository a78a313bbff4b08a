/** Holds which errors of a page are reported, how often, and that nothing personal leaves the browser with them. */
import { createServer } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromium } from "../means.ts";
import { listen } from "./support/listener.ts";
import { type Bench, expectEvents, startBench, type Visitor, type VisitorSettings } from "./support/tracking.ts";

const SCRIPT = '<script src="/passerby-errors.js"></script>';
const view = (path: string): string => `page_view {"path":"${path}"}`;

describe.skipIf(chromium === undefined)("errors [needs chromium]", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench?.close());

  const newVisitor = (pages: VisitorSettings["pages"] = {}): Promise<Visitor> =>
    bench.newVisitor({ pages: { head: SCRIPT, ...pages } });
  const messages = async (visitor: Visitor): Promise<unknown[]> => {
    const lines = await visitor.leave();
    return lines.filter(({ event }) => event === "js_error").map(({ metadata }) => Object.values(Object(metadata))[0]);
  };

  test("are told with message and place, of a page with its query left out", async () => {
    const body = `<script>
setTimeout(() => { throw new TypeError("no luck with https://a.example/b?token=secret"); });
Promise.reject(new RangeError("no ada@mail.example"));
</script>`;
    const visitor = await newVisitor({ body });
    await visitor.page.goto(visitor.at("/page?token=secret"));
    await visitor.page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
    const lines = await visitor.leave();
    const errors = lines.filter(({ event }) => event === "js_error").map(({ metadata }) => metadata);
    const place = expect.stringMatching(/^http:\/\/localhost:\d+\/\d+\/page:\d+:\d+$/);
    expect(errors).toHaveLength(2);
    expect(errors).toContainEqual({ message: "TypeError: no luck with https://a.example/b", source: place });
    expect(errors).toContainEqual({ message: "RangeError: no [redacted]", source: place });
    expect(visitor.edge.seen.map(({ body }) => body).join()).not.toMatch(/secret|ada@mail/);
  });

  test("that happen before the core is there are told after the first view", async () => {
    const visitor = await newVisitor({ head: `${SCRIPT}<script>undefinedName()</script>` });
    await visitor.page.goto(visitor.at("/page"));
    const lines = await visitor.leave();
    expect(lines.map(({ event }) => event)).toEqual(["page_view", "js_error"]);
    expect(lines[1]?.["metadata"]).toMatchObject({ message: "ReferenceError: undefinedName is not defined" });
  });

  test("in a loop cost one event, and a page view has ten at most", async () => {
    const visitor = await newVisitor();
    await visitor.page.goto(visitor.at("/page"));
    await raise(visitor, Array(50).fill("the same"));
    await raise(
      visitor,
      Array.from({ length: 20 }, (_, index) => `n${index}`),
    );
    await visitor.page.evaluate(() => {
      history.pushState(null, "", "next");
      window.passerby?.track("on_next");
    });
    await raise(visitor, ["the same"]);
    const told = Array.from({ length: 9 }, (_, index) => `n${index}`);
    expect(await messages(visitor)).toEqual(["the same", ...told, "the same"]);
  });

  test("that the page did not cause, or that are none, are not told", async () => {
    const body = `<img src="/nowhere.png" onerror="this.remove()"><script src="http://127.0.0.1:1/x.js"></script>`;
    await expectEvents(await newVisitor({ body }), {
      action: async ({ page, at }) => {
        await page.goto(at("/page"));
        await page.evaluate(() => {
          dispatchEvent(new Event("error"));
          document.body.dispatchEvent(new Event("error", { bubbles: true }));
          dispatchEvent(new ErrorEvent("error", { message: "x", filename: "chrome-extension://abc/x.js" }));
        });
      },
      expected: [view("/page")],
      refuted: ['js_error {"message":"unknown","source":""}'],
    });
  });

  test("of a script of another origin are told as such", async () => {
    const elsewhere = createServer((_request, response) => {
      response.setHeader("content-type", "text/javascript").end("secretName()");
    });
    const script = `<script src="${await listen(elsewhere, "127.0.0.1")}/elsewhere.js"></script>`;
    const visitor = await newVisitor({ body: script });
    await visitor.page.goto(visitor.at("/page"));
    const lines = await visitor.leave();
    elsewhere.close();
    expect(lines.filter(({ event }) => event === "js_error").map(({ metadata }) => metadata)).toEqual([
      { message: "Script error.", source: "cross-origin" },
    ]);
  });

  test("made of anything that can be thrown cause no second error", async () => {
    const visitor = await newVisitor();
    const problems: string[] = [];
    await visitor.page.goto(visitor.at("/page"));
    visitor.page.on("console", (message) => problems.push(message.text()));
    await visitor.page.evaluate(() => {
      const refuse = (): never => {
        throw new Error("refused");
      };
      const proxy = new Proxy({}, { get: refuse, getPrototypeOf: refuse });
      for (const thrown of [Symbol("s"), null, undefined, Object.create(null), proxy, () => "f", 1n]) {
        void Promise.reject(thrown);
        dispatchEvent(new ErrorEvent("error", { error: thrown, message: "made up" }));
      }
    });
    await visitor.page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
    const told = await messages(visitor);
    expect([...told].sort()).toEqual(['() => "f"', "1", "Symbol(s)", "made up", "unknown"]);
    expect(problems.filter((text) => text.includes("refused"))).toEqual([]);
  });

  test("that tracking itself causes do not go round", async () => {
    const visitor = await newVisitor();
    await visitor.page.goto(visitor.at("/page"));
    const calls = await visitor.page.evaluate(() => {
      let count = 0;
      Object(window.passerby).hooks.push({
        onStep: () => {
          count += 1;
          dispatchEvent(new ErrorEvent("error", { message: "tracking failed" }));
          throw new Error("tracking failed");
        },
      });
      dispatchEvent(new ErrorEvent("error", { message: "first" }));
      return count;
    });
    expect(calls).toBeLessThanOrEqual(3);
    expect(await messages(visitor)).toEqual(["first", "tracking failed"]);
  });

  test("are told by a page that loads the script twice once, and not at all by one that does not load it", async () => {
    const twice = await newVisitor({ head: SCRIPT + SCRIPT });
    await twice.page.goto(twice.at("/page"));
    await raise(twice, ["once"]);
    expect(await messages(twice)).toEqual(["once"]);

    const without = await newVisitor({ head: "" });
    await without.page.goto(without.at("/page"));
    await raise(without, ["never"]);
    expect(await messages(without)).toEqual([]);
  });
});

/** Raises errors in the page, one after another. */
function raise(visitor: Visitor, texts: readonly string[]): Promise<unknown> {
  return visitor.page.evaluate((all) => {
    for (const message of all) dispatchEvent(new ErrorEvent("error", { message }));
  }, texts);
}
