/** Visitors on pages that have the switch of the overlay, and what its panel shows them. */
import type { Page } from "playwright-core";
import { systemClock } from "../../../src/clock.ts";
import { openKeys } from "../../../src/server/access/keys.ts";
import type { Bench, Visitor, VisitorSettings } from "./tracking.ts";

/** A page with colours of its own, since those of the browser are not for it to answer for. */
const STYLE = `<meta name="color-scheme" content="light dark"><style>
body { background: #ffffff; color: #111111; } a { color: #0b3d91; }
@media (prefers-color-scheme: dark) { body { background: #101010; color: #eeeeee; } a { color: #9ecbff; } }
</style>`;

/** A whole small page with a badge in its navigation. */
const BODY = `<header><nav aria-label="Main"><a href="other">Other</a> <passerby-badge></passerby-badge></nav></header>
<main><h1>Page</h1><p>What the page is about.</p></main>`;

/** The tag of the switch, with more attributes. */
export function devTag(attributes = ""): string {
  return `<script defer src="/passerby-dev.js" ${attributes}></script>`;
}

/** Makes a visitor whose tracker sends twice a second; the overlay is off. */
export async function newOwner(bench: Bench, { pages, ...settings }: VisitorSettings = {}): Promise<Visitor> {
  const visitor = await bench.newVisitor({ ...settings, pages: { body: BODY, head: devTag() + STYLE, ...pages } });
  visitor.edge.setConfig({ flush_ms: 500 });
  return visitor;
}

/** Opens a page with the overlay on, and waits for its panel. */
export async function openPanel({ page, at }: Visitor): Promise<void> {
  await page.goto(at("/page?dev=1"));
  await page.getByRole("heading", { name: "This page" }).waitFor();
}

/** What the panel says of the events of the page, oldest first, as `name: state detail`. */
export async function readEvents(page: Page): Promise<readonly string[]> {
  const rows = await page.locator("passerby-panel tbody tr").all();
  const texts = rows.map(async (row) => {
    const state = await row.locator("td").nth(2).textContent();
    return `${await row.locator("summary").textContent()}: ${state}`;
  });
  return (await Promise.all(texts)).reverse();
}

/** What the panel has under a term, such as `Brake`. */
export async function readFact(page: Page, term: string): Promise<string> {
  const row = page.locator("passerby-panel dl > div").filter({ has: page.locator("dt", { hasText: term }) });
  return `${await row.first().locator("dd").textContent()}`;
}

/** Makes an overlay's token for the pages of a bench; returns how to revoke it, too. */
export function makeToken({ dataDir }: Bench): { readonly token: string; readonly revoke: () => void } {
  const keys = openKeys(dataDir, systemClock);
  const { key, record } = keys.create({ scope: "overlay", site: "example.com", lifetimeMs: 3_600_000 });
  return { token: key, revoke: () => void keys.revoke(record.id) };
}
