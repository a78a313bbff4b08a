/** Holds who is counted: by visitor, by the operator's word before the build's, and nobody when the brake is on. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromium } from "../means.ts";
import { type Bench, startBench, type Visitor } from "./support/tracking.ts";

/** A visitor's user agent and the bucket that the collector has for them, chosen to be neither among the first nor the last. */
type Sampled = { readonly userAgent: string; readonly bucket: number };

describe.skipIf(chromium === undefined)("sampling [needs chromium]", () => {
  let bench: Bench;
  let sampled: Sampled;
  beforeAll(async () => {
    bench = await startBench();
    sampled = await findVisitor(bench);
  });
  afterAll(() => bench?.close());

  /** Waits until an event of a later visitor is stored: whatever was sent before has arrived by then. */
  const waitForWitness = async (): Promise<void> => {
    const witness = await bench.newVisitor();
    await witness.page.goto(witness.at("/page"));
    await witness.leave();
  };

  const comeAndGo = async (visitor: Visitor): Promise<void> => {
    await visitor.arrive("/page");
    await visitor.page.evaluate(() => window.passerby?.track("something"));
    await visitor.page.goto("about:blank");
    await waitForWitness();
  };

  test("keeps a visitor whose bucket is below the rate, and reports the exact share", async () => {
    const visitor = await bench.newVisitor({
      browser: { userAgent: sampled.userAgent },
      pages: { attributes: `data-sample-rate="${(sampled.bucket + 0.5) / 65_536}"` },
    });
    await visitor.arrive("/page");
    const [line] = await visitor.leave();
    expect(line).toMatchObject({ event: "page_view", sample_rate: (sampled.bucket + 1) / 65_536 });
    expect(line).not.toHaveProperty("bucket");
  });

  test("sends nothing for a visitor whose bucket is not below the rate", async () => {
    const visitor = await bench.newVisitor({
      browser: { userAgent: sampled.userAgent },
      pages: { attributes: `data-sample-rate="${sampled.bucket / 65_536}"` },
    });
    await comeAndGo(visitor);
    expect(visitor.edge.posts()).toEqual([]);
  });

  test("takes the operator's rate before that of the page", async () => {
    const visitor = await bench.newVisitor({ pages: { attributes: 'data-sample-rate="0"' } });
    visitor.edge.setConfig({ sample_rate: 1 });
    await visitor.arrive("/page");
    expect(await visitor.leave()).toMatchObject([{ event: "page_view", sample_rate: 1 }]);
  });

  test.for([
    ["the page's rate is 0", 'data-sample-rate="0"', {}],
    ["the operator's rate is 0", "", { sample_rate: 0 }],
    ["the operator has turned counting off", "", { enabled: false }],
    ["the page's rate is no number", 'data-sample-rate="a quarter"', {}],
  ] as const)("sends nothing when %s", async ([, attributes, config]) => {
    const visitor = await bench.newVisitor({ pages: { attributes } });
    visitor.edge.setConfig(config);
    await comeAndGo(visitor);
    expect(visitor.edge.posts()).toEqual([]);
  });

  test("hears from the next answer that counting was turned off, asks, and sends no more", async () => {
    const visitor = await bench.newVisitor();
    const { page, edge } = visitor;
    edge.setConfig({ flush_ms: 50 });
    const answered = page.waitForResponse((answer) => answer.request().method() === "POST");
    await page.goto(visitor.at("/page"));
    await (await answered).finished();
    edge.setConfig({ enabled: false });
    const askedAgain = page.waitForResponse(/config$/);
    await page.evaluate(() => window.passerby?.track("after_the_brake"));
    await (await askedAgain).finished();
    expect(edge.posts()).toHaveLength(2);
    await page.evaluate(() => window.passerby?.track("unheard"));
    await page.goto("about:blank");
    await waitForWitness();
    expect(edge.posts()).toHaveLength(2);
  });

  test("draws for the page alone when the config does not come within 2 s, and says so", async () => {
    const visitor = await bench.newVisitor();
    visitor.edge.fail("/api/metrics/config", "hang");
    const started = performance.now();
    await visitor.page.goto(visitor.at("/page"));
    await expect.poll(() => visitor.edge.posts().length, { timeout: 5_000 }).toBe(1);
    expect((visitor.edge.posts()[0]?.at ?? 0) - started).toBeGreaterThanOrEqual(1_990);
    expect(await visitor.leave()).toMatchObject([{ event: "page_view", sample_rate: 1, bucket: "page" }]);
  });

  test("loses no visit that ends before the config has come", async () => {
    const visitor = await bench.newVisitor();
    visitor.edge.fail("/api/metrics/config", "hang");
    await visitor.page.goto(visitor.at("/page"));
    expect(await visitor.leave()).toMatchObject([{ event: "page_view", bucket: "page" }]);
  });

  test("asks nothing while a page is idle, and asks again before it sends after more than 30 s", async () => {
    const visitor = await bench.newVisitor();
    const { page, edge } = visitor;
    await page.clock.install();
    await page.goto(visitor.at("/page"));
    await page.clock.runFor(1_000);
    await expect.poll(() => edge.posts().length).toBe(1);
    await page.clock.fastForward("10:00");
    expect(edge.configRequests()).toHaveLength(1);
    edge.setConfig({ enabled: false });
    const answer = page.waitForResponse(/config$/);
    await page.evaluate(() => window.passerby?.track("after_a_long_rest"));
    await (await answer).finished();
    expect(edge.configRequests()).toHaveLength(2);
    await page.clock.runFor(10_000);
    await page.goto("about:blank");
    expect(edge.posts()).toHaveLength(1);
  });

  test("sends nothing by an answer of more than 30 s ago, even as the page is left", async () => {
    const visitor = await bench.newVisitor();
    const { page, edge } = visitor;
    await page.clock.install();
    await page.goto(visitor.at("/page"));
    await page.clock.runFor(1_000);
    await expect.poll(() => edge.posts().length).toBe(1);
    await page.clock.fastForward("10:00");
    edge.fail("/api/metrics/config", "hang");
    await page.evaluate(() => window.passerby?.track("on_the_way_out"));
    await page.goto("about:blank");
    await waitForWitness();
    expect(edge.posts()).toHaveLength(1);
  });

  test("forgets what happened while counting was off, and counts again from when it is on", async () => {
    const visitor = await bench.newVisitor();
    const { page, edge } = visitor;
    edge.setConfig({ enabled: false });
    await page.clock.install();
    const asked = page.waitForResponse(/config$/);
    await page.goto(visitor.at("/page"));
    await (await asked).finished();
    await page.clock.runFor(10_000);
    edge.setConfig({ enabled: true });
    await page.clock.fastForward("01:00");
    const askedAgain = page.waitForResponse(/config$/);
    await page.evaluate(() => window.passerby?.track("on_again"));
    await (await askedAgain).finished();
    await page.clock.runFor(10_000);
    await expect
      .poll(() => edge.posts().flatMap(({ events }) => events.map(({ event }) => event)))
      .toEqual(["on_again"]);
  });
});

async function findVisitor(bench: Bench): Promise<Sampled> {
  for (let attempt = 0; ; attempt += 1) {
    const userAgent = `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36 v${attempt}`;
    const headers = { origin: bench.origin, "user-agent": userAgent };
    const answer = await fetch(`${bench.collectorUrl}/api/metrics/config`, { headers });
    const { u: bucket }: { u: number } = await answer.json();
    if (bucket > 6_554 && bucket < 58_982) return { userAgent, bucket };
  }
}
