/**
 * The dashboard in a real Chromium against a real server: opens pages that note whatever a page should not
 * do (console errors, breaches of the content security policy, requests to elsewhere), and sends events as sites do.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { BrowserContextOptions, Page } from "playwright-core";
import { startTestServer, type TestServer, type TestServerOptions } from "../support/test-server.ts";
import { type LaunchedBrowser, launchBrowser } from "./support/launch.ts";

const SITES = "example.com,docs.example.org";

/** Agents that the tests send events with; the browser's own would be a robot's. */
export const AGENTS = {
  chrome:
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
  safari:
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
  firefox: "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
  robot: "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
} as const;

/** What a page did and was not meant to. */
export type Misdeeds = { readonly errors: string[]; readonly breaches: string[]; readonly requests: string[] };

export type Harness = {
  readonly server: TestServer;
  /** Opens a page at the dashboard, signed in by a fresh one-time link. */
  readonly openDashboard: (path?: string, options?: BrowserContextOptions) => Promise<Page>;
  /** Opens a page at the dashboard as a stranger. */
  readonly openPage: (path?: string, options?: BrowserContextOptions) => Promise<Page>;
  readonly misdeeds: Misdeeds;
  /** Posts events; returns the status. */
  readonly send: (events: readonly object[], headers?: Readonly<Record<string, string>>) => Promise<number>;
  readonly close: () => Promise<void>;
};

/** Starts server and browser; settings are by variable name. Close it. */
export async function startHarness(options: Pick<TestServerOptions, "settings" | "dataDir"> = {}): Promise<Harness> {
  const settings = { METRICS_SITES: SITES, ...options.settings };
  const server = await startTestServer({ ...options, settings });
  const browser = await launchBrowser();
  const misdeeds: Misdeeds = { errors: [], breaches: [], requests: [] };
  const openPage: Harness["openPage"] = async (path = "/", options = {}) => {
    await untilLoaded(server);
    const page = await newPage(browser, { timezoneId: noonZone(), ...options });
    await watch(page, misdeeds);
    await page.goto(server.url + path);
    return page;
  };
  return {
    server,
    misdeeds,
    openPage,
    openDashboard: (path = "/", options = {}) => openPage(`${path}#sign-in=${server.signInToken()}`, options),
    send: (events, headers = {}) => sendEvents(server.url, events, headers),
    close: async () => {
      await browser.close();
      await server.close();
    },
  };
}

/**
 * Returns when the store has loaded what is in the log now: a page that shows less asks again only after half a minute.
 */
async function untilLoaded({ adminUrl }: TestServer): Promise<void> {
  const since = Date.now() / 1000;
  const lastLoad = async (): Promise<number> => {
    const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
    return Number(/^passerby_store_last_load_timestamp_seconds (\S+)/m.exec(metrics)?.[1] ?? 0);
  };
  while ((await lastLoad()) < since) await delay(100);
}

async function newPage(browser: LaunchedBrowser, options: BrowserContextOptions): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  // Below the limit of a test, so that what was waited for is named.
  context.setDefaultTimeout(25_000);
  return context.newPage();
}

async function watch(page: Page, misdeeds: Misdeeds): Promise<void> {
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") misdeeds.errors.push(message.text());
  });
  page.on("pageerror", (error) => misdeeds.errors.push(error.message));
  page.on("request", (request) => misdeeds.requests.push(request.url()));
  await page.exposeFunction("noteBreach", (breach: string) => misdeeds.breaches.push(breach));
  await page.addInitScript(
    `addEventListener("securitypolicyviolation", (e) => noteBreach(e.violatedDirective + " " + e.blockedURI))`,
  );
}

async function sendEvents(
  url: string,
  events: readonly object[],
  headers: Readonly<Record<string, string>>,
): Promise<number> {
  const response = await fetch(`${url}/api/metrics/event`, {
    method: "POST",
    headers: { "content-type": "application/json", "user-agent": AGENTS.chrome, ...headers },
    body: JSON.stringify(events),
  });
  await response.arrayBuffer();
  return response.status;
}

/** A zone in which it is about noon, so that an hour ago is always today. `Etc` signs are those of POSIX: reversed. */
function noonZone(): string {
  const offset = 12 - new Date().getUTCHours();
  return offset === 0 ? "Etc/GMT" : `Etc/GMT${offset > 0 ? "-" : "+"}${Math.abs(offset)}`;
}
