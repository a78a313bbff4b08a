/** Holds that the collector hears, once, of events that the outbox had no room for or that became too old in it. */
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromium } from "../means.ts";
import { type Bench, startBench, type Visitor } from "./support/tracking.ts";

const HOUR_MS = 3_600_000;
const QUIET_MS = 500;

describe.skipIf(chromium === undefined)("the outbox's bounds [needs chromium]", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench?.close());

  const open = async (): Promise<Visitor> => {
    const starter = (api: string): string => `<script defer src="/passerby-full.js" data-api="${api}"></script>`;
    const visitor = await bench.newVisitor({ pages: { starter } });
    visitor.edge.setConfig({ flush_ms: 100 });
    await visitor.page.goto(visitor.at("/page"));
    await expect.poll(() => stored(visitor), { timeout: 10_000 }).toEqual(["page_view"]);
    return visitor;
  };
  const stored = ({ at }: Visitor): readonly unknown[] => bench.readLines(at("")).map(({ event }) => event);
  const told = ({ edge }: Visitor): readonly number[] =>
    edge.seen
      .filter(({ method }) => method === "POST")
      .map(({ body }) => JSON.parse(body).lost)
      .filter((lost) => lost > 0);
  const countKept = ({ page }: Visitor): Promise<number> =>
    page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.startsWith("passerby-outbox:")).length);

  test("are told: it keeps the oldest 100 events of an outage, and counts the others", async () => {
    const visitor = await open();
    const { page, edge } = visitor;
    edge.fail("/api/metrics/event", { status: 503 });
    const refused = page.waitForResponse((answer) => answer.status() === 503);
    await page.evaluate(() => {
      for (let i = 0; i < 130; i += 1) window.passerby?.track(`n${i}`);
    });
    await (await refused).finished();
    await page.goto("about:blank");
    // The last 30 are sent as the page is left, by a request that may come late or never: the outage lasts until then.
    for (let before = -1; before !== edge.posts().length; await delay(QUIET_MS)) before = edge.posts().length;
    edge.fail("/api/metrics/event", undefined);
    await page.goto(visitor.at("/later"));
    await expect.poll(() => stored(visitor).length, { timeout: 10_000 }).toBe(102);
    await expect.poll(() => countKept(visitor), { timeout: 10_000 }).toBe(0);
    const arrived = (await visitor.leave()).map(({ event }) => String(event)).filter((name) => name !== "page_view");
    const oldest = Array.from({ length: 100 }, (_, i) => `n${i}`);
    expect(arrived.toSorted()).toEqual(oldest.toSorted());
    expect(told(visitor)).toEqual([30]);
  });

  test("are told of entries whose events are all too old, in what they wrote before there was a count, too", async () => {
    const visitor = await open();
    const { page } = visitor;
    await page.evaluate((timestamp) => {
      const event_id = "01890000-0000-7000-8000-000000000000";
      const old = JSON.stringify([{ event: "old", event_id, timestamp }]);
      sessionStorage.setItem("passerby-outbox:1", old);
      sessionStorage.setItem("passerby-outbox:2", `{"events":${old},"lost":4}`);
      sessionStorage.setItem("passerby-outbox:3", '{"events":[],"lost":-1.5}');
    }, new Date(Date.now() - 24 * HOUR_MS).toISOString());
    await page.goto(visitor.at("/later"));
    await expect.poll(() => countKept(visitor), { timeout: 10_000 }).toBe(0);
    // An envelope without events is refused: the number goes with the next one, on whichever page that happens.
    await page.goto(visitor.at("/last"));
    await expect.poll(() => countKept(visitor), { timeout: 10_000 }).toBe(0);
    expect(told(visitor)).toEqual([]);
    await page.evaluate(() => window.passerby?.track("next"));
    await expect.poll(() => stored(visitor), { timeout: 10_000 }).toContain("next");
    // Its number has been told by another page by now.
    await page.evaluate(() => void setTimeout(() => history.back()));
    await expect.poll(() => page.url(), { timeout: 10_000 }).toBe(visitor.at("/later"));
    const arrived = (await visitor.leave()).map(({ event }) => String(event));
    expect(arrived.toSorted()).toEqual(["next", ...Array.from({ length: 4 }, () => "page_view")]);
    expect(told(visitor)).toEqual([6]);
  });
});
