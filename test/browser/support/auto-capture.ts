/** The script tag of automatic capture as the tests need it, and what a visitor does that only a test can make happen. */
import type { Page } from "playwright-core";
import type { Line } from "./tracking.ts";

const SWITCHES = [
  "link-click",
  "download",
  "form-submit",
  "scroll-depth",
  "engagement",
  "search",
  "not-found",
  "declared",
] as const;
type Switch = (typeof SWITCHES)[number];

/** Returns a script tag that leaves some captures at their defaults and turns the others off. */
export function captureOnly(...names: readonly Switch[]): string {
  const off = SWITCHES.filter((name) => !names.includes(name)).map((name) => `data-${name}="off"`);
  return captureWith(off.join(" "));
}

/** Returns a script tag with attributes. */
export function captureWith(attributes: string): string {
  return `<script defer src="/passerby-auto.js" ${attributes}></script>`;
}

/** Hides the page or shows it again, as another tab in front would. */
export async function setHidden(page: Page, isHidden: boolean): Promise<void> {
  await page.evaluate((value) => {
    Object.defineProperty(document, "hidden", { value, configurable: true });
    Object.defineProperty(document, "visibilityState", { value: value ? "hidden" : "visible", configurable: true });
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
  }, isHidden);
}

/** Takes the focus from the window or gives it back, as another window in front would. */
export async function setFocus(page: Page, isFocused: boolean): Promise<void> {
  await page.evaluate((value) => {
    document.hasFocus = () => value;
    dispatchEvent(new Event(value ? "focus" : "blur"));
  }, isFocused);
}

declare global {
  interface Window {
    passTime?: (ms: number) => void;
  }
}

/**
 * Runs in the page before its scripts: its clock stands still but for `passTime`, and while the page is away in the
 * back/forward cache, which takes 5 s by it.
 */
export function stopClock(): void {
  let now = 1;
  let isAway = false;
  performance.now = () => now;
  window.passTime = (ms) => {
    now += ms;
  };
  addEventListener("pagehide", () => {
    isAway = true;
  });
  const comeBack = (): void => {
    if (document.hidden || !isAway) return;
    isAway = false;
    now += 5000;
  };
  document.addEventListener("visibilitychange", comeBack);
  addEventListener("pageshow", comeBack);
}

/** Runs in the page before its scripts: the browser has no Navigation API, as most had none before 2026. */
export function withoutNavigation(): void {
  Object.defineProperty(window, "navigation", { value: undefined });
}

/** Lets time pass on a page whose clock stands still. */
export async function passSeconds(page: Page, seconds: number): Promise<void> {
  await page.evaluate((ms) => window.passTime?.(ms), seconds * 1000);
}

/** Writes events as `page event {metadata}`. */
export function describeByPage(lines: readonly Line[]): readonly string[] {
  return lines.map(({ url, event, metadata }) => {
    const page = new URL(String(url)).pathname.split("/").at(-1);
    return `${page} ${event} ${JSON.stringify(metadata)}`;
  });
}

/** Moves to another page within the document, as a single-page application does, and waits until its view is counted. */
export async function moveTo(page: Page, address: string): Promise<void> {
  await page.evaluate((to) => history.pushState(null, "", to), address);
  await settleView(page);
}

/** Has a view counted that has just begun. */
export async function settleView(page: Page): Promise<void> {
  await page.evaluate(() => window.passerby?.track("settled"));
}
