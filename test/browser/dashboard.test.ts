/** The dashboard as a person meets it: sign-in, waiting for the first event, figures, filters, keys, themes. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { openKeys } from "../../src/server/access/keys.ts";
import { chromium } from "../means.ts";
import { AGENTS, type Harness, startHarness } from "./dashboard-harness.ts";

const BLOCKED = /event|track|analytics|metrics|pageview|collect|stat/i;
const MINUTE_MS = 60_000;

let harness: Harness;

describe.skipIf(!chromium)("the dashboard [needs chromium]", { timeout: 60_000 }, () => {
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness?.close());

  describe("signing in", () => {
    it("by the link of the terminal works once, and leaves no token in the address", async () => {
      const token = harness.server.signInToken();
      const first = await harness.openPage(`/#sign-in=${token}`);
      await first.getByRole("heading", { name: "example.com", exact: true }).waitFor();
      expect(first.url()).toBe(`${harness.server.url}/`);
      await first.reload();
      await first.getByRole("heading", { name: "example.com", exact: true }).waitFor();
      const cookie = (await first.context().cookies())[0];
      expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Strict" });

      const second = await harness.openPage(`/#sign-in=${token}`);
      await second.getByText("This link was used before").waitFor();
      await first.context().close();
      await second.context().close();
      forgetErrors("status of 401");
    });

    it("by a key works, a wrong key is refused, and signing out ends it", async () => {
      const keys = openKeys(harness.server.dataDir, systemClock);
      const { key } = keys.create({ scope: "read", site: null, lifetimeMs: null });
      const page = await harness.openPage();
      await page.getByLabel("Key", { exact: true }).fill("pb_read_wrong");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByText("This key is not known, or has expired.").waitFor();
      await page.getByLabel("Key", { exact: true }).fill(key);
      await page.keyboard.press("Enter");
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByRole("heading", { name: "Sign in to Passerby" }).waitFor();
      await page.reload();
      await page.getByRole("heading", { name: "Sign in to Passerby" }).waitFor();
      await page.context().close();
      forgetErrors("status of 401");
    });
  });

  describe("a site without events", () => {
    it("shows the snippet, says what was dropped and why, and turns at the first event", async () => {
      const page = await harness.openDashboard("/?site=docs.example.org");
      await page.getByText("Nothing has arrived yet.").waitFor();
      const tag = `<script defer src="${harness.server.url}/passerby-full.js" data-site="docs.example.org"></script>`;
      expect(await page.locator("pre").first().textContent()).toBe(tag);

      const event = { event: "page_view", visitor_id: "first-visitor", url: "https://docs.example.org/start" };
      await harness.send([event, event, event], { "sec-gpc": "1" });
      await page.getByText("3 dropped: opted_out (this browser sends GPC)").waitFor();
      expect(await harness.send([event], { origin: "https://www.a.com" })).toBe(403);
      await page.getByText("1 refused: origin_not_allowed https://www.a.com (add it to ALLOWED_ORIGINS)").waitFor();
      expect(await page.getByText("4 events, none stored").count()).toBe(1);

      expect(await harness.send([event])).toBe(202);
      await page.getByRole("button", { name: /^Visitors 1/ }).waitFor();
      expect(await rowsOf(page, "Pages")).toEqual(["/start 1 1"]);
      // Asked again within ten seconds, though nobody asked for it.
      await page.getByText("1 visitor now").waitFor();
      await page.context().close();
    });
  });

  describe("a site with events", () => {
    let page: Page;

    beforeAll(async () => {
      await sendTraffic();
      page = await harness.openDashboard("/?site=example.com");
      await page.getByRole("button", { name: /^Visitors 3/ }).waitFor();
    });

    it("shows the totals of what was sent, over today, since its first event is of today", async () => {
      await page.getByRole("button", { name: "Today" }).waitFor();
      expect(await totalsOf(page)).toEqual({
        visitors: "3",
        visits: "3",
        pageviews: "5",
        views_per_visit: "1.67",
        bounce_rate: "33 %",
        visit_duration: "1m 0s",
      });
    });

    it("lists pages, sources, devices and events", async () => {
      expect(await rowsOf(page, "Pages")).toEqual(["/docs 2 2", "/ 1 1", "/docs/install 1 1", "/pricing 1 1"]);
      expect(await rowsOf(page, "Sources")).toEqual(["Direct / None 2 2", "Hacker News 1 1"]);
      expect((await rowsOf(page, "Devices")).map((row) => row.split(" ")[0]).sort()).toEqual([
        "Chrome",
        "Firefox",
        "Safari",
      ]);
      expect(await rowsOf(page, "Events")).toEqual(["page_view 3 5", "signup 1 1"]);
      await page.getByRole("region", { name: "Pages" }).getByRole("tab", { name: "Exit" }).click();
      await expectRows(page, "Pages", ["/docs 1 1", "/docs/install 1 1", "/pricing 1 1"]);
      await page.getByRole("region", { name: "Pages" }).getByRole("tab", { name: "Top" }).click();
      await expectRows(page, "Pages", ["/docs 2 2", "/ 1 1", "/docs/install 1 1", "/pricing 1 1"]);
    });

    it("graphs the figures, and gives them as a table too", async () => {
      const graph = page.getByRole("region", { name: "Visitors per hour" });
      expect(await graph.getByRole("img").getAttribute("aria-label")).toMatch(/^Visitors per hour, highest 3 \(/);
      await graph.getByRole("button", { name: "Table" }).click();
      const cells = await graph.locator("td:first-of-type").allTextContents();
      expect(cells.reduce((sum, cell) => sum + Number(cell), 0)).toBeGreaterThanOrEqual(3);
      await graph.getByRole("button", { name: "Table" }).click();
    });

    it("says how many events of robots were left out, and shows them on request", async () => {
      await page.getByText("2 events of robots are left out.").waitFor();
      await page.getByRole("button", { name: "Show them" }).click();
      await page.getByRole("button", { name: /^Pageviews 2/ }).waitFor();
      await page.getByRole("button", { name: "Remove filter: Robots only" }).click();
      await page.getByRole("button", { name: /^Pageviews 5/ }).waitFor();
    });

    it("filters by a click on a row; the address holds the filter, and Back undoes it", async () => {
      await page.getByRole("button", { name: "/docs", exact: true }).click();
      await page.getByRole("button", { name: /^Visitors 2/ }).waitFor();
      expect(page.url()).toContain("f=is,page,/docs");
      expect(await page.getByRole("button", { name: "/docs", exact: true }).getAttribute("aria-pressed")).toBe("true");

      const copy = await harness.openDashboard(new URL(page.url()).pathname + new URL(page.url()).search);
      await copy.getByRole("button", { name: /^Visitors 2/ }).waitFor();
      await copy.context().close();

      await page.goBack();
      await page.getByRole("button", { name: /^Visitors 3/ }).waitFor();
      expect(page.url()).not.toContain("f=");
    });

    it("filters by what a page contains, from the search of a list", async () => {
      await page.getByRole("region", { name: "Pages" }).getByRole("button", { name: "Search" }).click();
      await page.keyboard.type("install");
      await page.getByRole("dialog").getByRole("button", { name: "/docs/install" }).waitFor();
      await page.keyboard.press("Enter");
      await page.getByText("Page contains install").waitFor();
      await page.getByRole("button", { name: /^Visitors 1/ }).waitFor();
      await page.getByRole("button", { name: "Remove filter: Page contains install" }).click();
      await page.getByRole("button", { name: /^Visitors 3/ }).waitFor();
    });

    it("is worked by keys", async () => {
      for (const [key, name] of [
        ["w", "Last 7 days"],
        ["t", "Last 30 days"],
        ["m", "This month"],
        ["d", "Today"],
      ] as const) {
        await page.keyboard.press(key);
        await page.getByRole("button", { name, exact: true }).waitFor();
      }
      const tab = (name: string) => page.getByRole("tab", { name, selected: true });
      await page.getByRole("tab", { name: "Entry" }).click();
      await page.keyboard.press("ArrowLeft");
      await tab("Top").waitFor();
      await page.keyboard.press("e");
      await page.getByRole("button", { name: "Yesterday", exact: true }).waitFor();
      await page.keyboard.press("d");

      await page.keyboard.press("c");
      await page.getByLabel("From").waitFor();
      await page.keyboard.press("Escape");
      const focused = "document.activeElement.textContent";
      expect(await page.evaluate(focused)).toBe("Today");

      await page.keyboard.press("ArrowLeft");
      await page.getByText("Nobody passed by in this range.").waitFor();
      await page.keyboard.press("ArrowRight");
      await page.getByRole("button", { name: /^Visitors 3/ }).waitFor();

      await page.keyboard.press("/");
      await page.keyboard.type("pricing");
      await page.keyboard.press("Enter");
      await page.getByRole("button", { name: /^Visitors 1/ }).waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: /^Visitors 3/ }).waitFor();
      expect(page.url()).not.toContain("f=");

      await page.keyboard.press("?");
      await page.getByRole("dialog", { name: "Keys" }).waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    });

    it("says when the server does not answer, and goes on when it does again", async () => {
      await page.context().route("**/api/query", (route) => route.abort());
      await page.keyboard.press("w");
      await page.getByRole("alert").getByText("The server does not answer").first().waitFor();
      await expect.poll(() => page.getByRole("alert").count()).toBe(1);
      await page.context().unrouteAll();
      await page.getByRole("button", { name: "Try again" }).click();
      await page.getByRole("button", { name: /^Visitors/ }).waitFor();
      expect(await page.getByRole("alert").count()).toBe(0);
      forgetErrors("net::ERR_FAILED");
    });

    it("asks to sign in when the session has ended, and then shows the same view", async () => {
      const visitor = await harness.openDashboard("/?period=day&f=is,page,/docs");
      await visitor.getByRole("button", { name: /^Visitors 2/ }).waitFor();
      await visitor.context().clearCookies();
      await visitor.keyboard.press("Escape");
      await visitor.getByRole("heading", { name: "Sign in to Passerby" }).waitFor();
      await visitor.goBack();
      await visitor.evaluate(`location.hash = "sign-in=${harness.server.signInToken()}"`);
      await visitor.getByRole("button", { name: /^Visitors 2/ }).waitFor();
      await visitor.context().close();
      forgetErrors("status of 401");
    });

    it("fits a screen of 360 pixels", async () => {
      const phone = await harness.openDashboard("/", { viewport: { width: 360, height: 740 } });
      await phone.getByRole("button", { name: /^Visitors 3/ }).waitFor();
      await phone.getByRole("button", { name: "/docs", exact: true }).waitFor();
      const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
      expect(await phone.evaluate(overflow)).toBeLessThanOrEqual(0);
      await phone.context().close();
    });

    it("is light or dark as the system has it, or as one chooses, and keeps the choice", async () => {
      const dark = await harness.openDashboard("/", { colorScheme: "dark" });
      await dark.getByRole("button", { name: /^Visitors 3/ }).waitFor();
      expect(await brightnessOf(dark)).toBeLessThan(60);
      expect(await brightnessOf(page)).toBeGreaterThan(200);
      await dark.getByRole("button", { name: "Theme: as the system" }).click();
      expect(await brightnessOf(dark)).toBeGreaterThan(200);
      await dark.reload();
      await dark.getByRole("button", { name: "Theme: light" }).waitFor();
      expect(await brightnessOf(dark)).toBeGreaterThan(200);
      await dark.context().close();
    });

    it.each(["light", "dark"] as const)("has text of enough contrast in the %s theme (WCAG 2.2 AA)", async (scheme) => {
      const themed = await harness.openDashboard("/", { colorScheme: scheme });
      await themed.getByRole("button", { name: "/docs", exact: true }).waitFor();
      expect(await themed.evaluate(findFaintText)).toEqual([]);
      await themed.context().close();
    });
  });

  it("said nothing on the console, broke no policy, and asked no address that a blocker minds", async () => {
    const policy = (await fetch(harness.server.url)).headers.get("content-security-policy");
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    const { errors, breaches, requests } = harness.misdeeds;
    const elsewhere = requests.filter((url) => !url.startsWith(harness.server.url));
    const blocked = requests.filter((url) => BLOCKED.test(url.slice(harness.server.url.length)));
    expect(requests.length).toBeGreaterThan(50);
    expect({ errors, breaches, elsewhere, blocked }).toEqual({ errors: [], breaches: [], elsewhere: [], blocked: [] });
  });
});

/** Chromium itself notes each failed request on the console; where it is the point of a test, it is no misdeed. */
function forgetErrors(about: string): void {
  const { errors } = harness.misdeeds;
  const others = errors.filter((error) => !error.includes(about));
  errors.splice(0, errors.length, ...others);
}

/**
 *   visitor   agent    from      minutes ago: page
 *   ada-0001  chrome   hn        70: /      69: /pricing, 68: signup
 *   ben-0002  safari   -         70: /docs
 *   cem-0003  firefox  -         70: /docs  69: /docs/install
 *   bot-0004  robot    -         70: /docs  69: /
 */
async function sendTraffic(): Promise<void> {
  // Today, whatever the hour: shortly after midnight the last events lie a minute or two ahead, which is allowed.
  const begun = Math.max(Date.now() - 70 * MINUTE_MS, new Date().setHours(0, 0, 0, 0));
  const at = (minutes: number): string => new Date(begun + minutes * MINUTE_MS).toISOString();
  const view = (visitor: string, minutes: number, path: string): object => ({
    event: "page_view",
    visitor_id: visitor,
    timestamp: at(minutes),
    url: `https://example.com${path}`,
  });
  // First, so that a page which shows all visitors knows of the robots, too: the log is loaded in its order.
  const robot = [view("bot-0004", 0, "/docs"), view("bot-0004", 1, "/")];
  await harness.send(robot, { "user-agent": AGENTS.robot });
  const ada = [
    { ...view("ada-0001", 0, "/"), referrer: "https://news.ycombinator.com/" },
    view("ada-0001", 1, "/pricing"),
    { ...view("ada-0001", 2, "/pricing"), event: "signup" },
  ];
  await harness.send(ada, { "user-agent": AGENTS.chrome });
  await harness.send([view("ben-0002", 0, "/docs")], { "user-agent": AGENTS.safari });
  const cem = [view("cem-0003", 0, "/docs"), view("cem-0003", 1, "/docs/install")];
  await harness.send(cem, { "user-agent": AGENTS.firefox });
}

async function totalsOf(page: Page): Promise<Record<string, string | null>> {
  const figures = await page.locator("[data-metric]").all();
  const pairs = figures.map(async (figure) => [await figure.getAttribute("data-metric"), await figure.textContent()]);
  return Object.fromEntries(await Promise.all(pairs));
}

async function rowsOf(page: Page, card: string): Promise<readonly string[]> {
  const rows = page.getByRole("region", { name: card }).locator("tbody tr");
  await rows.first().waitFor();
  return (await rows.all()).length === 0
    ? []
    : Promise.all((await rows.all()).map(async (row) => (await row.locator("th, td").allTextContents()).join(" ")));
}

async function expectRows(page: Page, card: string, expected: readonly string[]): Promise<void> {
  await expect.poll(() => rowsOf(page, card)).toEqual(expected);
}

/** Brightness of the page's ground, 0 to 255. */
async function brightnessOf(page: Page): Promise<number> {
  const colour = await page.evaluate("getComputedStyle(document.body).backgroundColor");
  const parts = String(colour).match(/\d+/g)?.map(Number) ?? [];
  return Math.round(parts.slice(0, 3).reduce((sum, part) => sum + part, 0) / 3);
}

/** Runs in the page: lists texts whose contrast with what lies behind them is below 4.5 (3 for large text). */
const findFaintText = `(() => {
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let each = element; each !== null; each = each.parentElement) {
      const colour = parse(getComputedStyle(each).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const isText = (node) => node.nodeType === 3 && node.textContent.trim() !== "";
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    if (![...element.childNodes].some(isText) || element.closest(":disabled, .spoken") !== null) continue;
    const style = getComputedStyle(element);
    const grounds = [behind(element)];
    const bar = element.closest(".row th")?.querySelector(".bar");
    if (bar) grounds.push(parse(getComputedStyle(bar).backgroundColor));
    const isLarge = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    for (const ground of grounds) {
      const [light, dark] = [luminance(parse(style.color)), luminance(ground)].sort((a, b) => b - a);
      const contrast = (light + 0.05) / (dark + 0.05);
      if (contrast < (isLarge ? 3 : 4.5)) faint.push(element.textContent + ": " + contrast.toFixed(2));
    }
  }
  return faint;
})()`;
