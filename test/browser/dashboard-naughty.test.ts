/** Strings that break pages are text on the dashboard and nothing else: shown as they are, as filters and in the address. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cutAddress, makeNaughtyEvent, NAUGHTY } from "../fuzz/naughty-strings.ts";
import { chromium } from "../means.ts";
import { type Harness, startHarness } from "./dashboard-harness.ts";

const EVENTS = NAUGHTY.map(makeNaughtyEvent);
const BATCH = 25;
const SCRIPT = "<script>alert(1)</script>";

let harness: Harness;
let page: Page;
const alerts: string[] = [];

describe.skipIf(!chromium)("a string that breaks pages [needs chromium]", { timeout: 120_000 }, () => {
  beforeAll(async () => {
    harness = await startHarness();
    for (let at = 0; at < EVENTS.length; at += BATCH) {
      expect(await harness.send(EVENTS.slice(at, at + BATCH))).toBe(202);
    }
    page = await openWatched("/?site=example.com");
    await page.getByRole("button", { name: new RegExp(`^Visitors ${EVENTS.length}`) }).waitFor();
  });
  afterAll(() => harness?.close());

  it("is shown as it is among events and pages, and makes no element", async () => {
    const names = EVENTS.map(({ event }) => event);
    const paths = EVENTS.map(({ url }) => cutAddress(url).slice("https://example.com".length));
    expect(await allRows("Events")).toEqual([...new Set(names)].sort());
    expect(await allRows("Pages")).toEqual([...new Set(paths)].sort());
  });

  it("is a filter like any other, and survives the address", async () => {
    const dialog = await openAll("Events");
    await dialog.getByRole("searchbox").fill(SCRIPT);
    await dialog.getByRole("button", { name: SCRIPT, exact: true }).first().click();
    await page.getByText(`Event is ${SCRIPT}`).waitFor();
    await page.getByRole("button", { name: /^Visitors 1/ }).waitFor();
    const { pathname, search } = new URL(page.url());
    const copy = await openWatched(pathname + search);
    await copy.getByText(`Event is ${SCRIPT}`).waitFor();
    await copy.getByRole("button", { name: /^Visitors 1/ }).waitFor();
    await copy.context().close();
  });

  it("runs nothing, breaks nothing, and asks nobody else", () => {
    const { errors, breaches, requests } = harness.misdeeds;
    expect({ alerts, errors, breaches }).toEqual({ alerts: [], errors: [], breaches: [] });
    expect(requests.filter((url) => !url.startsWith(harness.server.url) && !url.startsWith("data:"))).toEqual([]);
  });
});

async function openWatched(path: string): Promise<Page> {
  const opened = await harness.openDashboard(path);
  opened.on("dialog", (dialog) => {
    alerts.push(dialog.message());
    void dialog.dismiss();
  });
  return opened;
}

async function openAll(card: string) {
  await page.getByRole("region", { name: card }).getByRole("button", { name: "Search" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.locator("tbody tr").first().waitFor();
  return dialog;
}

/** Opens all rows of a card; returns their texts in order, having checked that a row holds nothing but its own elements. */
async function allRows(card: string): Promise<readonly string[]> {
  const dialog = await openAll(card);
  const rows = dialog.locator("tbody tr");
  const more = dialog.getByRole("button", { name: /^Show more/ });
  for (let shown = await rows.count(); (await more.count()) > 0; shown = await rows.count()) {
    await more.click();
    await expect.poll(() => rows.count(), { timeout: 20_000 }).toBeGreaterThan(shown);
  }
  const buttons = dialog.locator("tbody th button");
  const texts = await buttons.allTextContents();
  expect(await buttons.evaluateAll((all) => all.map((each) => each.getAttribute("title") ?? ""))).toEqual(texts);
  const kinds = await dialog
    .locator("tbody *")
    .evaluateAll((all) => [...new Set(all.map((each) => each.tagName.toLowerCase()))].sort());
  expect(kinds).toEqual(["button", "span", "td", "th", "tr"]);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  return texts.sort();
}
