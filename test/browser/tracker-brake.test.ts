/** The brake from the operator's command to the visitor's page: a real server process, a real `passerby brake`, Chromium. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { chromium, isLong } from "../means.ts";
import { type BrakeBench, startBrakeBench } from "./support/braking.ts";

/** Buckets below it pass a rate of 0.5. */
const MIDDLE_BUCKET = 32_768;

describe.skipIf(chromium === undefined)("a page under the brake [needs chromium]", () => {
  let bench: BrakeBench;
  beforeAll(async () => {
    bench = await startBrakeBench();
  });
  afterEach(() => bench.brake("off"));
  afterAll(() => bench?.close());

  test("that loads at `brake rate 0 --tracker` sends nothing, not even as it is left", async () => {
    await bench.brake("rate 0 --tracker");
    const visitor = await bench.newVisitor();
    await visitor.open();
    await visitor.page.clock.runFor(10_000);
    await visitor.track("unheard");
    await visitor.page.clock.runFor(10_000);
    await visitor.track("on_the_way_out");
    await visitor.leave();
    expect(visitor.edge.seen.map(({ path }) => path)).toEqual(["/api/metrics/config", "/witness"]);
  });

  test.for([
    ["on", ["page_view"]],
    ["on --tracker", ["page_view", "unaware"]],
  ] as const)(
    "that is open at `brake %s` hears of it from its next answer, and sends no more",
    async ([args, kept]) => {
      const visitor = await bench.newVisitor();
      const { page, edge, tags, track } = visitor;
      await visitor.open();
      await expect.poll(() => tags.length).toBe(1);
      await bench.brake(args);
      await track("unaware");
      const asked = page.waitForResponse(/config$/);
      await page.clock.runFor(6_000);
      await (await asked).finished();
      expect(tags).toEqual([expect.any(String), expect.any(String)]);
      expect(tags[1]).not.toBe(tags[0]);
      for (let second = 0; second < 60; second += 1) {
        await track(`second_${second}`);
        await page.clock.runFor(1_000);
      }
      await visitor.leave();
      expect(visitor.sent()).toEqual(["page_view", "unaware"]);
      expect(visitor.stored()).toEqual(kept);
      expect(edge.configRequests().length).toBeLessThan(6);
    },
  );

  test("that was idle for 25 s asks before it sends, and so sends nothing, until the brake is off", async () => {
    const visitor = await bench.newVisitor();
    const { page, edge, track } = visitor;
    await visitor.open();
    await expect.poll(() => visitor.stored()).toEqual(["page_view"]);
    await bench.brake("on");
    for (const name of ["braked", "free"]) {
      await page.clock.fastForward(26_000);
      const asked = page.waitForResponse(/config$/);
      await track(name);
      await (await asked).finished();
      await page.clock.runFor(6_000);
      await bench.brake("off");
    }
    await expect.poll(() => visitor.stored()).toEqual(["page_view", "free"]);
    await visitor.leave();
    expect(visitor.sent()).toEqual(["page_view", "free"]);
    expect(edge.configRequests()).toHaveLength(3);
  });

  test("counts again after `brake off` from the next page load on", async () => {
    await bench.brake("on");
    const before = await bench.newVisitor();
    await before.open();
    await before.leave();
    await bench.brake("off");
    const after = await bench.newVisitor();
    await after.open();
    await expect.poll(() => after.stored()).toEqual(["page_view"]);
    expect(before.sent()).toEqual([]);
  });

  test("sends the share in force for a visitor below `brake rate 0.5 --tracker`, and nothing for one above", async () => {
    await bench.brake("rate 0.5 --tracker");
    const kept = await bench.newVisitor(await bench.findUserAgent((bucket) => bucket < MIDDLE_BUCKET));
    const left = await bench.newVisitor(await bench.findUserAgent((bucket) => bucket >= MIDDLE_BUCKET));
    for (const visitor of [left, kept]) {
      await visitor.open();
      await visitor.track("something");
      await visitor.page.clock.runFor(10_000);
      await visitor.leave();
    }
    await expect.poll(() => kept.stored()).toEqual(["page_view", "something"]);
    const drawn = kept.lines().map(({ sample_rate, bucket }) => [sample_rate, bucket]);
    expect(drawn).toEqual(new Array(2).fill([0.5, undefined]));
    expect([left.sent(), left.stored()]).toEqual([[], []]);
  });
});

// In real time: a browser's cache has a clock that no test can move.
describe.skipIf(!isLong || chromium === undefined)(`the way back [needs ${isLong ? "chromium" : "long"}]`, () => {
  let bench: BrakeBench;
  beforeAll(async () => {
    bench = await startBrakeBench();
  });
  afterAll(() => bench?.close());

  test("counts a visitor again who was told to stop, once that answer is 30 s old", async () => {
    await bench.brake("on");
    const visitor = await bench.newVisitor();
    await visitor.page.goto(visitor.address);
    await expect.poll(() => visitor.edge.configRequests().length).toBe(1);
    const told = performance.now();
    await bench.brake("off");
    const isCounted = async (): Promise<boolean> => {
      await visitor.page.goto(visitor.address);
      return visitor.stored().length > 0;
    };
    await expect.poll(isCounted, { timeout: 60_000, interval: 1_000 }).toBe(true);
    expect(performance.now() - told).toBeLessThan(40_000);
  }, 90_000);
});
