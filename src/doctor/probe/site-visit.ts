/**
 * A visit of the site by a real browser: once as everybody, once with ?dev=1 as a developer. The visitor is a headless
 * Chromium that says so, which the collector knows for a robot; what it sends is in no figure.
 */
import { createHash, X509Certificate } from "node:crypto";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { describeError } from "../../errors.ts";
import { InputMissing } from "../input-errors.ts";
import { type Network, NoAnswer } from "./ask.ts";
import type { PrivacyLink } from "./site-privacy-page.ts";

export type SiteVisit = {
  /** Links of the first page. */
  readonly links: readonly (PrivacyLink & { readonly isVisible: boolean })[];
  /** Whether somebody who did not ask for it sees the badge or the panel. */
  readonly isShownToAll: boolean;
  readonly withDev: DeveloperView;
};

/** What a developer sees with ?dev=1. */
export type DeveloperView = {
  /** What the badge says: `3 events most: page_view`; undefined where there is none. */
  readonly badge: string | undefined;
  /** Whether the panel is there, and what it says of the events of the page: `page_view: stored`. */
  readonly hasPanel: boolean;
  readonly events: readonly string[];
  /** Errors of the browser's console. */
  readonly errors: readonly string[];
};

export type VisitOptions = { readonly url: URL; readonly network: Network; readonly chromium: string };

const LOAD_MS = 20_000;
/** The network of the page is quiet, and still nothing is there. */
const APPEAR_MS = 3_000;

const PANEL = "passerby-panel .panel";
const LAUNCHER = "passerby-panel .launcher";
const BADGE = "passerby-badge button";
/** What the badge says to screen readers, as one text. */
const BADGE_STATUS = "passerby-badge [role=status]";
const EVENTS = "passerby-panel tbody tr";

/** Runs in the page; as text, since the doctor itself knows nothing of a browser's objects. */
const LIST_LINKS = `[...document.querySelectorAll("a[href]")].map((link) => ({
  href: link.getAttribute("href"),
  text: link.textContent.replace(/\\s+/g, " ").trim(),
  isInFooter: link.closest("footer, [role=contentinfo], .footer, #footer, [class*=-footer], [class*=footer-]") !== null,
  isVisible: link.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && link.getClientRects().length > 0,
}))`;

/** Visits the site. Throws InputMissing without playwright-core, NoAnswer where the page does not load. */
export async function visitSite(options: VisitOptions): Promise<SiteVisit> {
  const browser = await launch(options);
  try {
    const everybody = await open(await browser.newContext(), options.url);
    const links: SiteVisit["links"] = await everybody.page.evaluate(LIST_LINKS);
    const isShownToAll = (await everybody.page.locator(`${PANEL}, ${LAUNCHER}, ${BADGE}`).count()) > 0;
    const address = new URL(options.url);
    address.searchParams.set("dev", "1");
    const developer = await open(await browser.newContext(), address);
    return { links, isShownToAll, withDev: await look(developer) };
  } finally {
    await browser.close();
  }
}

type Opened = { readonly page: Page; readonly errors: readonly string[] };

async function open(context: BrowserContext, url: URL): Promise<Opened> {
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  try {
    await page.goto(url.href, { timeout: LOAD_MS });
  } catch (cause) {
    throw new NoAnswer(url, cause);
  }
  // A page that never rests is looked at as it is.
  await page.waitForLoadState("networkidle", { timeout: APPEAR_MS }).catch(() => undefined);
  return { page, errors };
}

async function look({ page, errors }: Opened): Promise<DeveloperView> {
  const hasPanel = await appears(page, `${PANEL}, ${LAUNCHER}`);
  const badge =
    hasPanel && (await appears(page, BADGE)) ? await page.locator(BADGE_STATUS).first().textContent() : null;
  if (!hasPanel) return { badge: badge ?? undefined, hasPanel, events: [], errors };
  if (!(await page.locator(PANEL).isVisible())) await page.locator(LAUNCHER).click();
  await appears(page, EVENTS);
  const rows = await page.locator(EVENTS).all();
  const events = await Promise.all(
    rows.map(
      async (row) => `${await row.locator("summary").textContent()}: ${await row.locator("strong").textContent()}`,
    ),
  );
  return { badge: badge ?? undefined, hasPanel, events, errors };
}

async function appears(page: Page, selector: string): Promise<boolean> {
  try {
    await page.locator(selector).filter({ visible: true }).first().waitFor({ timeout: APPEAR_MS });
    return true;
  } catch {
    return false;
  }
}

async function launch({ network, chromium: executablePath }: VisitOptions): Promise<Browser> {
  const { chromium } = await import("playwright-core").catch(() => {
    throw new InputMissing("a browser to drive: npm install playwright-core beside passerby");
  });
  const isRoot = process.getuid?.() === 0;
  return chromium
    .launch({ executablePath, args: [...(isRoot ? ["--no-sandbox"] : []), ...networkArgs(network), "--disable-gpu"] })
    .catch((cause: unknown) => {
      throw new InputMissing(`a Chromium that starts: ${describeError(cause).split("\n")[0]}`);
    });
}

/** The same addresses and certificates as everywhere else in the doctor. */
function networkArgs({ connectTo, ca }: Network): readonly string[] {
  const rules = [...connectTo].map(([from, { host, port }]) => `MAP ${from} ${host}:${port}`);
  const certificates = ca?.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const keys = certificates.map((pem) => {
    const key = new X509Certificate(pem).publicKey.export({ type: "spki", format: "der" });
    return createHash("sha256").update(key).digest("base64");
  });
  return [
    ...(rules.length === 0 ? [] : [`--host-resolver-rules=${rules.join(",")}`]),
    ...(keys.length === 0 ? [] : [`--ignore-certificate-errors-spki-list=${keys.join(",")}`]),
  ];
}
