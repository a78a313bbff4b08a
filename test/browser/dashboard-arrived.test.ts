/** What arrived, as the dashboard shows it: quiet while all was stored, else why not; and what the server warns about. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { openLedger } from "../../src/collector/ledger/open-ledger.ts";
import { openKeys } from "../../src/server/access/keys.ts";
import { chromium } from "../means.ts";
import { AGENTS, type Harness, startHarness } from "./dashboard-harness.ts";

const MIXED = "example.com";
const QUIET = "docs.example.org";
const FLOODED = "shop.example.net";

let harness: Harness;

const view = (site: string, visitor = "ada-0001"): object => ({
  event: "page_view",
  visitor_id: visitor,
  url: `https://${site}/`,
});
const from = (site: string): Record<string, string> => ({ referer: `https://${site}/` });

describe.skipIf(!chromium)("what arrived, on the dashboard [needs chromium]", { timeout: 60_000 }, () => {
  beforeAll(async () => {
    const settings = {
      METRICS_SITES: [MIXED, QUIET, FLOODED].join(","),
      METRICS_RATE_LIMIT: "0.001",
      METRICS_RATE_BURST: "12",
    };
    harness = await startHarness({ settings });
    await sendMixture();
    await harness.send([view(QUIET), view(QUIET, "ben-0002")]);
  });
  afterAll(() => harness?.close());

  it("tells what was stored, dropped, refused and lost, each with what it means", async () => {
    const page = await harness.openDashboard(`/?site=${MIXED}`);
    await page
      .getByText("8 received: 3 stored, 2 dropped, 3 refused · 4 lost by clients · 1 of no known site")
      .waitFor();
    expect(await rowsOf(page, "Events of this site")).toEqual([
      "Received 8",
      "Stored 3",
      "Dropped opted_out 2",
      "Refused invalid_event 2",
      "Refused origin_not_allowed 1",
      "Lost by clients 4",
    ]);
    expect(await rowsOf(page, "Events that no site can be told of")).toEqual([
      "Received 1",
      "Refused origin_not_allowed 1",
    ]);
    const card = page.getByRole("region", { name: "What arrived" });
    await card.getByText("Their browsers ask for privacy (Global Privacy Control or Do Not Track).").waitFor();
    await card.getByText("Origins refused since the server started: https://example.com, https://www.a.com.").waitFor();
    await page.context().close();
  });

  it("folds away and opens by key, and fits a screen of 360 pixels", async () => {
    const page = await harness.openDashboard(`/?site=${MIXED}`, { viewport: { width: 360, height: 740 } });
    const summary = page.locator("summary");
    const table = page.getByRole("table", { name: "Events of this site" });
    await table.waitFor();
    const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
    expect(await page.evaluate(overflow)).toBeLessThanOrEqual(0);
    await summary.focus();
    await page.keyboard.press("Enter");
    await table.waitFor({ state: "hidden" });
    await page.keyboard.press("Space");
    await table.waitFor();
    await page.context().close();
  });

  it("is one quiet line where all was stored, for a reader of that site", async () => {
    const page = await openAs(QUIET);
    const card = page.getByRole("region", { name: "What arrived" });
    await card.getByText("2 received, all stored.").waitFor();
    expect(await card.getByRole("table").count()).toBe(0);
    expect(await card.locator("summary, h2").count()).toBe(0);
    await page.context().close();
  });

  it("follows the range, whatever the filters", async () => {
    const page = await harness.openDashboard(`/?site=${MIXED}&period=day&f=is,page,/nowhere`);
    await page.getByText("whatever time it bears; filters do not matter here.").waitFor();
    await page.keyboard.press("e");
    await page.getByText("Nothing arrived in this range.").waitFor();
    await page.context().close();
  });

  it("warns when more than 0.5 % was refused for its rate, and says what to do", async () => {
    const flood = { "user-agent": `${AGENTS.firefox} flood`, ...from(FLOODED) };
    const statuses = [];
    for (let sent = 0; sent < 20; sent += 1) statuses.push(await harness.send([view(FLOODED)], flood));
    expect(statuses.filter((status) => status === 429)).toHaveLength(8);
    const page = await openAs(FLOODED);
    await page.getByText("20 received: 12 stored, 8 refused").waitFor();
    await page.getByText("shop.example.net: 40.0 % of what came was refused for its rate").waitFor();
    await page.getByText("If your site is behind a proxy, name it in TRUSTED_PROXIES; else raise the limit").waitFor();
    await page.context().close();
  });

  it("says above everything else what the server warns about", async () => {
    const proxied = { "x-forwarded-for": "192.0.2.7", "user-agent": AGENTS.safari };
    await harness.send([view(QUIET, "cem-0003")], proxied);
    const page = await harness.openDashboard(`/?site=${QUIET}`);
    await page
      .locator("main > :first-child")
      .getByText(/^\d warnings? of the server$/)
      .click();
    const warnings = page.getByRole("list", { name: "Warnings of the server" });
    await warnings.getByText("from a proxy that TRUSTED_PROXIES does not name").waitFor();
    await page.context().close();
  });

  it("says at once and in full that events cannot be stored", async () => {
    const page = await harness.openPage("/");
    const reasons = ["the disk of the data directory is full"];
    await page.route("**/api/health", (route) =>
      route.fulfill({ json: { status: "degraded", reasons, warnings: [] } }),
    );
    await page.goto(`${harness.server.url}/?site=${QUIET}#sign-in=${harness.server.signInToken()}`);
    const alert = page.getByRole("alert");
    await alert.getByText("Events cannot be stored now. The disk of the data directory is full.").waitFor();
    await page.context().close();
  });

  it("says that it could not be read, and reads it again", async () => {
    const page = await harness.openPage("/");
    await page.route("**/api/ledger", (route) => route.abort());
    await page.goto(`${harness.server.url}/?site=${MIXED}#sign-in=${harness.server.signInToken()}`);
    await page.getByText("What arrived could not be read. The server does not answer").waitFor();
    await page.unroute("**/api/ledger");
    await page.getByRole("region", { name: "What arrived" }).getByRole("button", { name: "Try again" }).click();
    await page.getByText("8 received: 3 stored").waitFor();
    await page.context().close();
  });

  it("broke no policy and asked nobody else", () => {
    const elsewhere = harness.misdeeds.requests.filter((url) => !url.startsWith(harness.server.url));
    expect({ breaches: harness.misdeeds.breaches, elsewhere }).toEqual({ breaches: [], elsewhere: [] });
  });
});

describe.skipIf(!chromium)("what arrived before a crash [needs chromium]", { timeout: 60_000 }, () => {
  it("is marked as uncertain, while what is stored is not", async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "passerby-test-"));
    const options = { dataDir, writer: 1, clock: systemClock, retentionDays: 30, onWarning: () => undefined };
    // Never closed: what a killed process leaves behind.
    const killed = await openLedger(options);
    const minute = killed.at(systemClock.now());
    minute.received(MIXED, 5);
    for (let dropped = 0; dropped < 3; dropped += 1) minute.dropped(MIXED, "bot");
    await killed.flush();

    const restarted = await startHarness({ dataDir });
    await restarted.send([view(MIXED)]);
    const page = await restarted.openDashboard(`/?site=${MIXED}`);
    await page.getByText("4 received: 1 stored, 3 dropped").waitFor();
    await page.getByText("A run ended without closing the ledger: all counts but stored may be too low at").waitFor();
    expect(await page.getByRole("table", { name: "Events of this site" }).isVisible()).toBe(false);
    await restarted.close();
  });
});

/**
 *   3 stored, with 4 lost before   2 with GPC   2 not valid   1 from the site's own origin, which is not allowed
 *   1 from an origin of nobody
 */
async function sendMixture(): Promise<void> {
  const stored = [view(MIXED), view(MIXED, "ben-0002"), view(MIXED, "cem-0003")];
  await post({ events: stored, lost: 4 });
  await harness.send([view(MIXED), view(MIXED)], { "sec-gpc": "1", ...from(MIXED) });
  await harness.send([{ event: "" }, { event: 7 }], from(MIXED));
  await harness.send([view(MIXED)], { origin: "https://example.com" });
  await harness.send([view(MIXED)], { origin: "https://www.a.com" });
}

async function post(envelope: object): Promise<void> {
  const headers = { "content-type": "application/json", "user-agent": AGENTS.chrome, ...from(MIXED) };
  const body = JSON.stringify(envelope);
  const response = await fetch(`${harness.server.url}/api/metrics/event`, { method: "POST", headers, body });
  await response.arrayBuffer();
}

/** Opens the dashboard as somebody whose key is for one site. */
async function openAs(site: string): Promise<Page> {
  const { key } = openKeys(harness.server.dataDir, systemClock).create({ scope: "read", site, lifetimeMs: null });
  const page = await harness.openPage("/");
  await page.getByLabel("Key", { exact: true }).fill(key);
  await page.keyboard.press("Enter");
  return page;
}

/** Reads a table as name and count of each row, without the explanations. */
async function rowsOf(page: Page, caption: string): Promise<readonly string[]> {
  const rows = await page.getByRole("table", { name: caption }).locator("tbody tr").all();
  const textOf = async (row: Locator): Promise<string> => {
    const names = await row.locator("th > span, th > code, td").allTextContents();
    return names.join(" ");
  };
  return Promise.all(rows.map(textOf));
}
