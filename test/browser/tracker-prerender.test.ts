/** Holds that a page which the browser loads ahead is counted when it is shown, not before, and never if it never is. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { chromium } from "../means.ts";
import { BUILT_TRACKER } from "../support/built-tracker.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { startEdge } from "./support/edge.ts";
import { openPlainly } from "./support/plain-chromium.ts";
import { serveTrackedPages, type TrackedPages } from "./support/tracked-pages.ts";
import { byMoment } from "./support/tracking.ts";

/**
 * `/start` has two pages prerendered, and shows one of them when both have had the time to ask for the configuration and to
 * send an event: they go the same way twice themselves.
 */
const SELF_DRIVING = `<script>
addEventListener("load", async () => {
  const { track } = window.passerby;
  const name = location.pathname.split("/").at(-1);
  if (name !== "start") {
    track("loaded", { prerendering: document.prerendering });
    document.addEventListener("prerenderingchange", () => window.passerby.track("shown"));
    const { api } = document.querySelector("[data-api]").dataset;
    for (const turn of [1, 2]) await fetch(api + "/witness?" + turn).catch(() => {});
    localStorage[name] = document.prerendering;
    return;
  }
  addEventListener("storage", () => {
    const { next, never } = localStorage;
    if (!next || !never) return;
    track("both_loaded", { next, never });
    location.assign("next");
  });
  const rules = document.createElement("script");
  rules.type = "speculationrules";
  rules.text = JSON.stringify({ prerender: [{ urls: ["next", "never"], eagerness: "immediate" }] });
  document.head.append(rules);
});
</script>`;

describe.skipIf(chromium === undefined)("a prerendered page [needs chromium]", () => {
  let pages: TrackedPages;
  let collector: TestServer;
  beforeAll(async () => {
    pages = await serveTrackedPages(BUILT_TRACKER);
    collector = await startTestServer({
      settings: { ALLOWED_ORIGINS: pages.origin, METRICS_SITES: "example.com=localhost" },
    });
  });
  afterAll(async () => {
    await collector?.close();
    await pages?.close();
  });

  test("is counted when it is shown and asks for nothing before; one that is never shown is not counted", async () => {
    const edge = await startEdge(collector.url);
    edge.setConfig({ flush_ms: 100 });
    const folder = pages.addFolder({ apiUrl: edge.url, body: SELF_DRIVING });
    const close = openPlainly(`${folder}/start`);
    onTestFinished(async () => {
      await close();
      await edge.close();
    });
    const lines = (): readonly string[] =>
      collector
        .readLog()
        .toSorted(byMoment)
        .map(({ url, event, metadata }) => `${String(url).slice(folder.length)} ${event} ${JSON.stringify(metadata)}`);
    await expect.poll(lines, { timeout: 20_000 }).toContain("/next shown {}");
    await expect.poll(edge.underWay, { timeout: 10_000 }).toBe(0);
    expect(lines()).toEqual([
      '/start page_view {"path":"/1/start"}',
      '/start both_loaded {"next":"true","never":"true"}',
      '/next page_view {"path":"/1/next"}',
      '/next loaded {"prerendering":true}',
      "/next shown {}",
    ]);
    // Chromium says so of each request of a page that it prerenders.
    const ahead = edge.seen.filter(({ headers }) => headers["sec-purpose"] !== undefined);
    expect(ahead.map(({ path }) => path).toSorted()).toEqual(["/witness?1", "/witness?1", "/witness?2", "/witness?2"]);
  });
});
