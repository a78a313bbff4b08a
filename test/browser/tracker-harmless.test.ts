/** Holds that the tracker never harms its page: whatever it is called with, whatever the page has patched or forbidden. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromium } from "../means.ts";
import { type Bench, startBench, type Visitor, type VisitorSettings } from "./support/tracking.ts";

const ALL_SCRIPTS = ["identity", "full", "auto", "vitals", "errors", "dev"];

describe.skipIf(chromium === undefined)("a page with the tracker [needs chromium]", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench?.close());

  /** A visitor on a page with every script there is; what goes wrong on the page is noted. */
  const visitAll = async (settings: VisitorSettings = {}): Promise<{ visitor: Visitor; problems: string[] }> => {
    const starter = (api: string): string =>
      ALL_SCRIPTS.map((name) => `<script defer src="/passerby-${name}.js" data-api="${api}"></script>`).join("\n");
    const visitor = await bench.newVisitor({ ...settings, pages: { starter, ...settings.pages } });
    const problems: string[] = [];
    visitor.page.on("pageerror", (error) => problems.push(error.message));
    visitor.page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    await visitor.page.goto(visitor.at("/page"));
    return { visitor, problems };
  };
  const names = async (visitor: Visitor): Promise<readonly unknown[]> =>
    (await visitor.leave()).map(({ event }) => event);

  test("is not harmed by any argument of any public call", async () => {
    const { visitor, problems } = await visitAll();
    const thrown = await visitor.page.evaluate(() => {
      const trap: ProxyHandler<object> = {
        get: () => {
          throw new Error("trap");
        },
        ownKeys: () => {
          throw new Error("trap");
        },
      };
      const circle: Record<string, unknown> = {};
      circle["self"] = circle;
      const values: unknown[] = [undefined, null, "", "x".repeat(100_000), 1n, Number.NaN, Symbol("s"), () => 1];
      values.push(circle, new Proxy({}, trap), Object.create(null), { toJSON: () => undefined }, [[[]]], document.body);
      const calls: Record<string, unknown> = { ...window.passerby };
      const errors: string[] = [];
      for (const name of ["track", "optIn", "consent"]) {
        const call = calls[name];
        if (typeof call !== "function") continue;
        for (const first of values) {
          for (const second of values) {
            try {
              call(first, second);
            } catch (error) {
              errors.push(`${name}: ${error}`);
            }
          }
        }
      }
      window.passerby?.track("still_here");
      return errors;
    });
    expect(thrown).toEqual([]);
    expect(problems).toEqual([]);
    // There are more than may outlive a page.
    const sent = (): unknown[] => visitor.edge.posts().flatMap(({ events }) => events.map(({ event }) => event));
    await expect.poll(sent, { timeout: 20_000 }).toContain("still_here");
    expect(await names(visitor)).toContain("page_view");
  });

  test.for([
    [
      "storage is blocked",
      () => {
        for (const name of ["localStorage", "sessionStorage"]) {
          Object.defineProperty(window, name, {
            get: () => {
              throw new DOMException("blocked", "SecurityError");
            },
          });
        }
      },
    ],
    [
      "the clock is frozen",
      () => {
        Date.now = () => 1_700_000_000_000;
      },
    ],
    [
      "arrays and objects have more methods",
      () => {
        Object.defineProperty(Object.prototype, "more", { value: () => 1, enumerable: false });
        Object.defineProperty(Array.prototype, "last", { value: () => 1, enumerable: false });
      },
    ],
  ] as const)("counts where %s", async ([, initScript]) => {
    const { visitor, problems } = await visitAll({ initScript });
    await visitor.page.evaluate(() => window.passerby?.track("counted"));
    expect(await names(visitor)).toEqual(expect.arrayContaining(["page_view", "counted"]));
    expect(problems).toEqual([]);
  });

  test("works under a strict content security policy and Trusted Types", async () => {
    const policy = "default-src 'none'; script-src 'self'; connect-src *; require-trusted-types-for 'script'";
    const head = `<meta http-equiv="Content-Security-Policy" content="${policy}">`;
    const { visitor, problems } = await visitAll({ pages: { head } });
    expect(problems.filter((text) => !text.includes("icon"))).toEqual([]);
    expect(await names(visitor)).toContain("page_view");
  });

  test("goes on where its fetch has been patched and throws", async () => {
    const { visitor, problems } = await visitAll({
      initScript: () => {
        window.fetch = () => {
          document.title = "asked";
          throw new Error("patched");
        };
      },
    });
    await visitor.page.evaluate(() => window.passerby?.track("unheard"));
    await expect.poll(() => visitor.page.title()).toBe("asked");
    expect(problems).toEqual([]);
    expect(visitor.edge.seen).toEqual([]);
  });

  test("is silent as a file on a disk", async () => {
    const folder = mkdtempSync(join(tmpdir(), "passerby-file-"));
    const visitor = await bench.newVisitor();
    const file = join(folder, "saved.html");
    const tag = `<script src="${bench.origin}/passerby-full.js" data-api="${visitor.edge.url}"></script>`;
    writeFileSync(file, `<!doctype html><title>Saved</title>${tag}`);
    await visitor.page.goto(`file://${file}`);
    await visitor.page.evaluate(() => window.passerby?.track("unheard"));
    expect(await visitor.page.evaluate(() => typeof window.passerby?.track)).toBe("function");
    // What the next page sends comes after everything of this one.
    await visitor.page.goto(visitor.at("/page"));
    const sent = (await visitor.leave()).map(({ url }) => url);
    expect(sent).toEqual([visitor.at("/page")]);
    expect(visitor.edge.posts().flatMap(({ events }) => events.map(({ url }) => url))).not.toContain(`file://${file}`);
    rmSync(folder, { recursive: true });
  });

  test.for([
    ["the core alone", ["passerby"]],
    ["every script", ALL_SCRIPTS.map((name) => `passerby-${name}`)],
    [
      "the extensions before the core",
      ["passerby-errors", "passerby-vitals", "passerby-auto", "passerby-dev", "passerby"],
    ],
  ] as const)("is counted where an element has the tracker's name as its id: %s", async ([, scripts]) => {
    const starter = (api: string): string =>
      scripts.map((name) => `<script defer src="/${name}.js" data-api="${api}"></script>`).join("\n");
    const { visitor, problems } = await visitAll({ pages: { starter, body: '<div id="passerby"></div>' } });
    await visitor.page.evaluate(() => window.passerby?.track("counted"));
    expect(await names(visitor)).toEqual(expect.arrayContaining(["page_view", "counted"]));
    expect(problems).toEqual([]);
  });

  test("has one new global name", async () => {
    const { visitor } = await visitAll();
    const listGlobals = (): Promise<string[]> => visitor.page.evaluate(() => Object.getOwnPropertyNames(window));
    const tracked = await listGlobals();
    await visitor.page.goto(`${bench.origin}/elsewhere`);
    const bare = await listGlobals();
    expect(tracked.filter((name) => !bare.includes(name))).toEqual(["passerby"]);
  });
});
