/** Holds that panel and badge can be used by everybody: by keyboard, by screen readers, in light and dark, and out of the way. */
import axe from "axe-core";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromium } from "../means.ts";
import { makeToken, newOwner, openPanel, readEvents } from "./support/overlaid-pages.ts";
import { type Bench, startBench, type Visitor } from "./support/tracking.ts";

/** What axe finds wrong, as `rule: elements`; what it cannot decide by itself counts as well. */
async function findBarriers(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { violations, incomplete } = await Reflect.get(window, "axe").run(document);
    return [...violations, ...incomplete].map(
      ({ id, nodes }: { id: string; nodes: { target: unknown }[] }) =>
        `${id}: ${nodes.map(({ target }) => JSON.stringify(target)).join(" ")}`,
    );
  });
  return found;
}

/** What opens the panel where it was closed; a badge without its numbers has the same name. */
function launcherOf(page: Page): Locator {
  return page.locator("passerby-panel").getByRole("button", { name: "Passerby", exact: true });
}

/** The text of what has the focus, in shadow trees too. */
function readFocus(page: Page): Promise<string> {
  return page.evaluate(() => {
    let focused = document.activeElement;
    while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
    return focused?.textContent ?? "";
  });
}

/** The machine may have much else to do. */
const PATIENCE = { timeout: 15_000 };

describe.skipIf(chromium === undefined)("panel and badge [needs chromium]", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench?.close());

  /** A panel with a row of every look, whole events and a reason why nothing is sent. */
  const fillPanel = async (visitor: Visitor): Promise<void> => {
    const { page, edge } = visitor;
    await openPanel(visitor);
    await page.evaluate(() => window.passerby?.track("x".repeat(65)));
    await expect.poll(() => readEvents(page), PATIENCE).toHaveLength(3);
    await expect.poll(async () => (await readEvents(page)).at(-1), PATIENCE).toContain("refused");
    edge.fail("/api/metrics/event", { status: 503 });
    await page.getByRole("button", { name: "Send demo events" }).click();
    await page.getByLabel("Overlay token").fill(makeToken(bench).token);
    await page.keyboard.press("Enter");
    await expect.poll(async () => (await readEvents(page)).at(-1), PATIENCE).toContain("retrying");
    edge.setConfig({ enabled: false });
    await page.getByText("The brake is on").waitFor();
    await page.locator("passerby-panel summary").first().click();
  };

  test.for(["light", "dark"] as const)(
    "have no barrier that axe can find, open and closed, in %s",
    async (colorScheme) => {
      const visitor = await newOwner(bench, { browser: { colorScheme } });
      const { page } = visitor;
      await fillPanel(visitor);
      expect(await findBarriers(page)).toEqual([]);
      await page.getByRole("button", { name: "Close" }).click();
      expect(await findBarriers(page)).toEqual([]);
    },
  );

  test("are worked by the keyboard alone, and the focus comes back to where it was", async () => {
    const visitor = await newOwner(bench);
    const { page } = visitor;
    await openPanel(visitor);
    expect(await readFocus(page)).not.toContain("Close");
    const badge = page.locator("passerby-badge").getByRole("button", { name: /\d event/ });
    await badge.focus();
    await page.keyboard.press("Enter");
    expect(await page.getByRole("button", { name: "Close" }).count()).toBe(0);
    await page.keyboard.press("Enter");
    expect(await readFocus(page)).toBe("Close");
    const pressed: string[] = [];
    for (let step = 0; step < 3; step += 1) {
      await page.keyboard.press("Tab");
      pressed.push(await readFocus(page));
    }
    expect(pressed).toEqual(["Send demo events", "Copy as curl", "Clear"]);
    await page.keyboard.press("Escape");
    expect(await readFocus(page)).toMatch(/event/);
    await launcherOf(page).focus();
    await page.keyboard.press("Space");
    await page.keyboard.press("Escape");
    expect(await readFocus(page)).toBe("Passerby");
  });

  test("leave the page its own keys and controls, and stay as they were left", async () => {
    const visitor = await newOwner(bench);
    const { page, at } = visitor;
    await openPanel(visitor);
    await page.evaluate(() => document.addEventListener("keydown", () => document.body.append("shortcut")));
    await page.getByLabel("Overlay token").fill("not a token");
    await page.keyboard.press("Enter");
    await page.getByText("Paste the token as the command has printed it.").waitFor();
    expect(await page.locator("body").textContent()).not.toContain("shortcut");
    const leftOf = (): Promise<number> =>
      page.locator("passerby-panel .panel").evaluate((panel) => panel.getBoundingClientRect().left);
    expect(await leftOf()).toBeGreaterThan(100);
    await page.getByRole("button", { name: "Other side" }).click();
    expect(await leftOf()).toBeLessThan(20);
    await page.getByRole("button", { name: "Close" }).click();
    await page.goto(at("/other"));
    await launcherOf(page).click();
    expect(await leftOf()).toBeLessThan(20);
  });

  test("say live how many events there are and which is the most frequent, and ask nothing while hidden", async () => {
    const visitor = await newOwner(bench);
    const { page, edge } = visitor;
    await openPanel(visitor);
    const announced = page.locator("passerby-badge [aria-live=polite]");
    await expect.poll(() => announced.textContent(), PATIENCE).toMatch(/^\d+ events? most: /);
    const before = Number.parseInt(`${await announced.textContent()}`, 10);
    await page.getByRole("button", { name: "Send demo events" }).click();
    await expect
      .poll(async () => Number.parseInt(`${await announced.textContent()}`, 10), PATIENCE)
      .toBeGreaterThanOrEqual(before + 3);
    const setHidden = (isHidden: boolean): Promise<void> =>
      page.evaluate((hidden) => {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
      }, isHidden);
    const asked = (): number => edge.seen.filter(({ path }) => path.startsWith("/api/metrics/behavior")).length;
    await page.clock.install();
    await setHidden(true);
    await page.clock.runFor(100);
    const whenHidden = asked();
    await page.clock.runFor(120_000);
    expect(asked()).toBe(whenHidden);
    await setHidden(false);
    await expect.poll(asked, PATIENCE).toBeGreaterThan(whenHidden);
  });

  test("follow the page into reduced motion, a phone, and out of print", async () => {
    const visitor = await newOwner(bench, {
      browser: { viewport: { width: 360, height: 640 }, reducedMotion: "reduce" },
    });
    const { page } = visitor;
    await openPanel(visitor);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    const close = page.getByRole("button", { name: "Close" });
    expect(await close.evaluate((button) => getComputedStyle(button).transitionDuration)).toBe("0s");
    await page.emulateMedia({ media: "print" });
    expect(await close.isVisible()).toBe(false);
  });
});
