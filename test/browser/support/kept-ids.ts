/** What tests of identity share: pages with the entry, what their browser keeps, and the ids that were sent and stored. */
import type { Page } from "playwright-core";
import type { Line, Visitor, VisitorSettings } from "./tracking.ts";

/** The only key of the entry. */
export const KEY = "passerby-visitor";
/** What an id of a browser looks like; that of a day, which the collector derives, has 22 characters. */
export const ID: RegExp = /^[\da-f]{32}$/;

export type Mode = "daily" | "session" | "persistent";

/** Returns the script tag of a mode, or of what is none. */
export function scriptOf(mode: string): string {
  return `<script defer src="/passerby-identity.js" data-mode="${mode}"></script>`;
}

/** Returns pages with identity, whose tag stands before that of the core. */
export function pagesOf(mode: Mode): NonNullable<VisitorSettings["pages"]> {
  return { head: scriptOf(mode) };
}

/** What the browser keeps, by storage: every key with its text. */
export function readStorage(page: Page): Promise<Record<"local" | "session", Record<string, string>>> {
  return page.evaluate(() => ({ local: { ...localStorage }, session: { ...sessionStorage } }));
}

/** A text as the entry keeps it. */
export function writeKept(id: string, writtenMs: number): string {
  return `${id} since ${new Date(writtenMs).toISOString().slice(0, 10)}`;
}

/** The ids of lines of the log. */
export function idsOf(lines: readonly Line[]): readonly unknown[] {
  return lines.map(({ visitor_id }) => visitor_id);
}

/** Opens a page and waits until the page knows that its view has arrived. */
export async function view({ page, at }: Visitor, path: string, tab: Page = page): Promise<void> {
  const answer = tab.waitForResponse((response) => response.request().method() === "POST");
  await tab.goto(at(path));
  await (await answer).finished();
}

/** Says yes or no as a banner of the page would. */
export async function settleConsent({ page }: Visitor, isGiven: boolean): Promise<void> {
  await page.evaluate((given) => window.passerby?.consent?.(given), isGiven);
}

/** The ids that left the browser, oldest first; undefined for an event without one. */
export function sentIds({ edge }: Visitor): readonly unknown[] {
  return edge.posts().flatMap(({ events }) => events.map((event) => event["visitor_id"]));
}
