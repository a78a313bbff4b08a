/** Holds the switch of the overlay: who has not asked for it loads nothing of it, under policies as strict as they come. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromium } from "../means.ts";
import { devTag, newOwner, openPanel } from "./support/overlaid-pages.ts";
import { type Bench, startBench, type Visitor } from "./support/tracking.ts";

/** Paths of the scripts that a visitor's page has asked for. */
function watchScripts({ page }: Visitor): readonly string[] {
  const scripts: string[] = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.endsWith(".js")) scripts.push(pathname);
  });
  return scripts;
}

/** What a page throws, and what the browser reports of it. */
function watchTrouble({ page }: Visitor): readonly string[] {
  const trouble: string[] = [];
  page.on("pageerror", (error) => trouble.push(error.message));
  page.on("console", (message) => trouble.push(message.text()));
  return trouble;
}

/** The machine may have much else to do. */
const PATIENCE = { timeout: 15_000 };

describe.skipIf(chromium === undefined)("dev mode [needs chromium]", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench?.close());

  const countPanels = ({ page }: Visitor): Promise<number> => page.locator("passerby-panel").count();

  test("loads nothing of the overlay, asks nothing for it and stores nothing while it is off", async () => {
    const visitor = await newOwner(bench);
    const scripts = watchScripts(visitor);
    await visitor.page.goto(visitor.at("/page?dev=2"));
    await expect.poll(() => visitor.edge.posts().length, PATIENCE).toBe(1);
    expect([...scripts].sort()).toEqual(["/passerby-dev.js", "/passerby.js"]);
    expect(await countPanels(visitor)).toBe(0);
    expect(visitor.edge.seen.map(({ path }) => path.split("?")[0]).sort()).toEqual([
      "/api/metrics/config",
      "/api/metrics/event",
    ]);
    expect(await visitor.page.evaluate(() => localStorage.length + sessionStorage.length)).toBe(0);
    expect((await visitor.leave()).map(({ event }) => event)).toEqual(["page_view"]);
  });

  test("is remembered until ?dev=0, and both turns are tracked once", async () => {
    const visitor = await newOwner(bench);
    const { page, at } = visitor;
    await openPanel(visitor);
    await page.goto(at("/other"));
    await page.getByRole("heading", { name: "This page" }).waitFor();
    await page.goto(at("/page?dev=1"));
    await page.getByRole("heading", { name: "This page" }).waitFor();
    await page.goto(at("/page?dev=0"));
    await page.goto(at("/last"));
    const lines = await visitor.leave();
    expect(lines.map(({ event }) => event).filter((event) => event !== "page_view")).toEqual([
      "dev_mode_enabled",
      "dev_mode_disabled",
    ]);
    expect(lines.filter(({ url }) => `${url}`.includes("dev="))).toEqual([]);
  });

  test("holds for one page where storage is blocked", async () => {
    const visitor = await newOwner(bench, {
      initScript: () => {
        for (const name of ["localStorage", "sessionStorage"]) {
          Object.defineProperty(window, name, {
            get: () => {
              throw new DOMException("blocked", "SecurityError");
            },
          });
        }
      },
    });
    const trouble = watchTrouble(visitor);
    const scripts = watchScripts(visitor);
    await openPanel(visitor);
    expect(scripts).toContain("/passerby-overlay.js");
    await visitor.page.goto(visitor.at("/other"));
    await expect.poll(() => visitor.edge.posts().length, PATIENCE).toBe(2);
    expect(await countPanels(visitor)).toBe(0);
    expect(trouble).toEqual([]);
  });

  const POLICY =
    "default-src 'none'; style-src 'none'; base-uri 'none'; form-action 'none'; connect-src http:; img-src data:";
  const openUnder = async (policy: string, attributes: string): Promise<[Visitor, readonly string[]]> => {
    const meta = `<meta http-equiv="Content-Security-Policy" content="${POLICY}; ${policy}">`;
    const visitor = await newOwner(bench, { pages: { head: meta + devTag(attributes), attributes } });
    const trouble = watchTrouble(visitor);
    await visitor.page.goto(visitor.at("/page?dev=1"));
    return [visitor, trouble];
  };

  test.for([
    ["a policy with a nonce", "script-src 'nonce-abc'", 'nonce="abc"'],
    ["strict-dynamic", "script-src 'nonce-abc' 'strict-dynamic'", 'nonce="abc"'],
    ["a policy by origin", "script-src http:", ""],
    [
      "Trusted Types with our policy",
      "script-src 'nonce-abc'; require-trusted-types-for 'script'; trusted-types passerby",
      'nonce="abc"',
    ],
    ["a list of policies without ours, not required", "script-src http:; trusted-types other", ""],
  ] as const)("works under %s, without a word from the browser about styles", async ([, policy, attributes]) => {
    const [{ page }, trouble] = await openUnder(policy, attributes);
    await page.getByRole("heading", { name: "This page" }).waitFor();
    // The browser reports itself that our policy was refused in the last case; nothing else may be.
    expect(trouble.filter((text) => !text.includes("trusted-types"))).toEqual([]);
    const position = await page.locator("passerby-panel .panel").evaluate((panel) => getComputedStyle(panel).position);
    expect(position).toBe("fixed");
  });

  test("does nothing where Trusted Types are required and ours are not allowed, and counts on", async () => {
    const [visitor] = await openUnder("script-src http:; require-trusted-types-for 'script'; trusted-types other", "");
    const errors: string[] = [];
    visitor.page.on("pageerror", (error) => errors.push(error.message));
    const lines = await visitor.leave();
    expect(lines.map(({ event }) => event)).toEqual(["page_view", "dev_mode_enabled"]);
    expect([await countPanels(visitor).catch(() => 0), errors]).toEqual([0, []]);
  });
});
