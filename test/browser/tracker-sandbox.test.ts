/** Holds what the tracker does in a sandboxed frame, whose origin is `null`: nothing, unless the collector lets that in. */
import type { Frame, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { chromium } from "../means.ts";
import { startTestServer } from "../support/test-server.ts";
import { type Bench, startBench, type Visitor } from "./support/tracking.ts";

const SCRIPTS = ["identity", "full", "auto", "vitals", "errors", "dev"];

function writeTags(api: string): string {
  return SCRIPTS.map((name) => `<script defer src="/passerby-${name}.js" data-api="${api}"></script>`).join("\n");
}

describe.skipIf(chromium === undefined)("a sandboxed frame [needs chromium]", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench?.close());

  /** Opens a page without the tracker that has another visitor's page in a sandbox; what goes wrong in either is noted. */
  const openAround = async (framed: Visitor): Promise<{ page: Page; frame: Frame; problems: string[] }> => {
    const body = `<iframe sandbox="allow-scripts" src="${framed.at("/framed")}"></iframe>`;
    const { page, at } = await bench.newVisitor({ pages: { starter: () => "", body } });
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    await page.goto(at("/around"));
    const frame = page.frames().find((one) => one.url() === framed.at("/framed"));
    if (!frame) throw new Error("the page has no frame");
    return { page, frame, problems };
  };
  const names = (lines: readonly Readonly<Record<string, unknown>>[]): unknown[] => lines.map(({ event }) => event);

  test("sends no event and breaks nothing where ALLOWED_ORIGINS does not name null", async () => {
    const framed = await bench.newVisitor({ pages: { starter: writeTags } });
    const { page, frame, problems } = await openAround(framed);
    await frame.evaluate(
      () =>
        new Promise<void>((resolve) => {
          window.passerby?.hooks.push({
            onStep: (step, json) => step === "sampled_out" && json.includes("unheard") && resolve(),
          });
          window.passerby?.track("unheard");
        }),
    );
    // The same page on its own, which sends after everything of the frame.
    await page.goto(framed.at("/alone"));
    await expect.poll(() => framed.edge.posts().length, { timeout: 10_000 }).toBeGreaterThan(0);
    const sent = framed.edge.posts().flatMap(({ events }) => events.map(({ url }) => url));
    expect([...new Set(sent)]).toEqual([framed.at("/alone")]);
    // One question has to be asked, and Chromium itself writes of its refusal.
    const asked = framed.edge.configRequests().map(({ headers }) => headers.origin);
    expect(asked).toEqual(["null", bench.origin]);
    const ofChromium = /blocked by CORS policy|^Failed to load resource: net::ERR_FAILED/;
    expect(problems.filter((text) => !ofChromium.test(text))).toEqual([]);
    expect(problems.length).toBeLessThanOrEqual(2);
  });

  test("is counted where ALLOWED_ORIGINS names null", async () => {
    const settings = { ALLOWED_ORIGINS: `${bench.origin},null`, METRICS_SITES: "other.org,example.com=localhost" };
    const collector = await startTestServer({ settings });
    onTestFinished(collector.close);
    const framed = await bench.newVisitor({ pages: { starter: () => writeTags(collector.url) } });
    const { page, frame, problems } = await openAround(framed);
    await frame.evaluate(() => window.passerby?.track("heard"));
    await page.goto("about:blank");
    await expect
      .poll(() => names(collector.readLog()), { timeout: 10_000 })
      .toEqual(expect.arrayContaining(["page_view", "heard"]));
    const pages = collector.readLog().map(({ site, url }) => `${site} ${url}`);
    expect([...new Set(pages)]).toEqual([`example.com ${framed.at("/framed")}`]);
    expect(problems).toEqual([]);
  });
});
