/** Holds that the demo site works as built and served: under its policy, by its links alone, and counted as its privacy page says. */
import { request } from "node:http";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DemoSite, serveDemoSite } from "../../site/serve.ts";
import { chromium } from "../means.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { type LaunchedBrowser, launchBrowser } from "./support/launch.ts";
import { byMoment } from "./support/tracking.ts";

/** As `npm test` has built it before the tests begin. */
const BUILT_SITE = fileURLToPath(new URL("../../dist/site", import.meta.url));

/** Asks without tidying the address up first, as no browser would. */
async function askRaw(url: string, path: string, method = "GET"): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const sent = request({ hostname, port, path, method }, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (text) => {
        body += text;
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body }));
    });
    sent.on("error", reject).end();
  });
}

describe("the server of the demo site", () => {
  let site: DemoSite;
  beforeAll(async () => {
    site = await serveDemoSite({ port: 0, apiBaseUrl: "http://127.0.0.1:8001", distDir: BUILT_SITE });
  });
  afterAll(() => site?.close());

  test("serves pages, names the collector in them, and lets them talk to nobody else", async () => {
    const answer = await fetch(`${site.url}/plans/?x=1`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
    const policy = answer.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("connect-src http://127.0.0.1:8001;");
    expect(policy).not.toMatch(/unsafe|\*/);
    expect(await answer.text()).toContain('<meta name="passerby-api" content="http://127.0.0.1:8001">');
  });

  test.for([
    "/../../package.json",
    "/%2e%2e/%2e%2e/package.json",
    "/..%2f..%2fpackage.json",
    "/assets/..\\..\\..\\package.json",
    "//etc/passwd",
    "/nothing",
    "/plans",
    "/%00",
    "/%E0%A4%A",
  ])("answers %s with the page for what is not there", async (path) => {
    const { status, body } = await askRaw(site.url, path);
    expect(status).toBe(404);
    expect(body).toContain("Off the map");
  });

  test("takes no other method than GET and HEAD", async () => {
    expect((await askRaw(site.url, "/", "POST")).status).toBe(405);
    expect(await askRaw(site.url, "/", "HEAD")).toEqual({ status: 200, body: "" });
  });
});

describe.skipIf(chromium === undefined)("the demo site [needs chromium]", () => {
  let collector: TestServer;
  let site: DemoSite;
  let browser: LaunchedBrowser;
  beforeAll(async () => {
    // Which origin the site has, is known only when it listens; a collector on loopback may allow any.
    collector = await startTestServer({ settings: { ALLOWED_ORIGINS: "*", METRICS_SITES: "fellside=localhost" } });
    site = await serveDemoSite({ port: 0, apiBaseUrl: collector.url, distDir: BUILT_SITE });
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
    await collector?.close();
  });

  /** Opens a page that fails the test when anything is refused, missing or thrown. */
  const openWatched = async (): Promise<{ page: Page; problems: string[] }> => {
    const page = await (await browser.newContext()).newPage();
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (message) => problems.push(message.text()));
    page.on("response", (answer) => {
      if (answer.status() >= 400) problems.push(`${answer.status()} ${answer.url()}`);
    });
    page.on("request", (asked) => {
      if (![site.url, collector.url].some((origin) => asked.url().startsWith(origin)))
        problems.push(`asked ${asked.url()}`);
    });
    return { page, problems };
  };

  test("is whole: every page is reached from the first by links, without an error or a request to anybody else", async () => {
    const { page, problems } = await openWatched();
    const toVisit = ["/"];
    const visited: string[] = [];
    for (let path = toVisit.shift(); path; path = toVisit.shift()) {
      visited.push(path);
      await page.goto(site.url + path);
      const links = await page.$$eval("a[href^='/']", (anchors) =>
        anchors.map((anchor) => anchor.getAttribute("href")),
      );
      for (const link of links) if (link && !visited.includes(link) && !toVisit.includes(link)) toVisit.push(link);
      expect(await page.locator("h1").count(), path).toBe(1);
      expect(await page.locator("footer a[href='/privacy.html']").count(), path).toBe(1);
    }
    expect(visited.sort()).toEqual([
      "/",
      "/about/",
      "/journal/",
      "/journal/every-path/",
      "/journal/reading-contours/",
      "/plans/",
      "/privacy.html",
    ]);
    expect(problems).toEqual([]);
    await page.close();
  });

  test("counts what its privacy page lists, and nothing that a visitor writes", async () => {
    const start = new Date().toISOString();
    const { page, problems } = await openWatched();
    await page.goto(site.url);
    await page.getByRole("checkbox", { name: "Water" }).uncheck();
    expect(await page.locator(".map .water").isVisible()).toBe(false);
    await page.getByLabel("E-mail address").fill("canary@example.org");
    await page.getByRole("button", { name: "Write to me" }).click();
    await page.getByText("Thank you").waitFor();
    await page.getByRole("link", { name: "Choose a sheet" }).click();
    await page.getByRole("button", { name: "Subscribe for a year" }).click();
    await page.getByRole("dialog").getByText("season").waitFor();
    await page.getByRole("button", { name: "Back to the maps" }).click();
    await page.goto("about:blank");
    // What the tests before this one sent may still come.
    const newLines = () =>
      collector
        .readLog()
        .filter(({ timestamp }) => String(timestamp) >= start)
        .toSorted(byMoment);
    // How long and how far down a page was seen depends on the machine that runs this.
    const decisions = () => newLines().filter(({ event }) => event !== "engagement" && event !== "scroll_depth");
    await expect.poll(() => decisions().length).toBe(6);
    expect(decisions().map(({ event, metadata }) => [event, metadata])).toEqual([
      ["page_view", { path: "/" }],
      ["layer_toggled", { layer: "water", shown: false }],
      ["form_submit", { form: "newsletter" }],
      ["newsletter_signup", {}],
      ["page_view", { path: "/plans/" }],
      ["plan_chosen", { plan: "season" }],
    ]);
    expect(JSON.stringify(newLines())).not.toContain("canary");
    expect(problems.filter((problem) => problem !== "asked about:blank")).toEqual([]);

    await page.goto(`${site.url}/privacy.html`);
    const listed = await page.locator(".passerby-events tbody code").allTextContents();
    expect(listed).toEqual(expect.arrayContaining([...new Set(newLines().map(({ event }) => event))]));
    const fields = await page.locator(".passerby-fields tbody code").allTextContents();
    expect(fields).toEqual(expect.arrayContaining([...new Set(newLines().flatMap(Object.keys))]));
    await page.close();
  });

  test("shows the overlay to who opens it with ?dev=1, and has nothing of it otherwise", async () => {
    const { page, problems } = await openWatched();
    const scripts: string[] = [];
    page.on("response", async (answer) => {
      if (answer.url().endsWith(".js")) scripts.push(await answer.text());
    });
    await page.goto(site.url);
    await page.waitForLoadState("networkidle");
    expect(scripts.join("")).not.toContain("passerby-panel");
    expect(await page.locator("passerby-badge").isVisible()).toBe(false);
    await page.goto(`${site.url}/plans/?dev=1`);
    await page.getByRole("heading", { name: "This page" }).waitFor();
    await page.getByRole("button", { name: /most: / }).click();
    expect(await page.getByRole("heading", { name: "This page" }).isVisible()).toBe(false);
    await page.goto(`${site.url}/?dev=0`);
    expect(await page.locator("passerby-badge").isVisible()).toBe(false);
    expect(problems).toEqual([]);
    await page.close();
  });

  test("fits a phone, light and dark, without scrolling sideways", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      const page = await (await browser.newContext({ viewport: { width: 360, height: 740 }, colorScheme })).newPage();
      for (const path of ["/", "/plans/", "/journal/reading-contours/", "/privacy.html"]) {
        await page.goto(site.url + path);
        expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), path).toBeLessThanOrEqual(
          0,
        );
      }
      await page.close();
    }
  });
});
