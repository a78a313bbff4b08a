/**
 * Five events during an outage of the collector arrive, each once: while the page stays, when it is left and another one
 * of the tab opened later, and when the browser was offline. Once the tab itself is closed, only the outbox `local` helps.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromium } from "../means.ts";
import { type Bench, startBench, type Visitor } from "./support/tracking.ts";

const EVENTS = ["one", "two", "three", "four", "five"] as const;
const OUTAGE_MS = 6_000;
const OUTBOXES = ["session", "local"] as const;

describe.skipIf(chromium === undefined)("events during an outage [needs chromium]", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench?.close());

  const open = async (outbox: string): Promise<Visitor> => {
    const starter = (api: string): string =>
      `<script defer src="/passerby-full.js" data-api="${api}" data-outbox="${outbox}"></script>`;
    const visitor = await bench.newVisitor({ pages: { starter } });
    visitor.edge.setConfig({ flush_ms: 500 });
    await visitor.page.goto(visitor.at("/page"));
    await expect.poll(() => stored(visitor), { timeout: 10_000 }).toEqual(["page_view"]);
    return visitor;
  };
  const stored = ({ at }: Visitor): readonly unknown[] => bench.readLines(at("")).map(({ event }) => event);
  const trackAll = ({ page }: Visitor): Promise<void> =>
    page.evaluate((names) => {
      for (const name of names) window.passerby?.track(name);
    }, EVENTS);
  /** Tracks all while the collector refuses, and waits until the page knows that it does. */
  const trackIntoOutage = async (visitor: Visitor): Promise<void> => {
    visitor.edge.fail("/api/metrics/event", { status: 503 });
    const refused = visitor.page.waitForResponse((answer) => answer.status() === 503);
    await trackAll(visitor);
    await (await refused).finished();
    await visitor.page.evaluate(() => new Promise(requestAnimationFrame));
  };
  const countEach = (visitor: Visitor): readonly number[] =>
    EVENTS.map((name) => stored(visitor).filter((event) => event === name).length);
  const readKept = ({ page }: Visitor): Promise<readonly string[]> =>
    page.evaluate(() =>
      [sessionStorage, localStorage].flatMap((storage) =>
        Object.keys(storage)
          .filter((key) => key.startsWith("passerby-outbox:"))
          .map((key) => storage.getItem(key) ?? ""),
      ),
    );
  const arriveOnce = async (visitor: Visitor): Promise<void> => {
    await expect.poll(() => countEach(visitor), { timeout: 20_000 }).toEqual([1, 1, 1, 1, 1]);
    await expect.poll(() => readKept(visitor), { timeout: 10_000 }).toEqual([]);
  };

  test("arrive when the collector answers 503 for 6 s", { timeout: 60_000 }, async () => {
    const suffer = async (outbox: string): Promise<void> => {
      const visitor = await open(outbox);
      visitor.edge.fail("/api/metrics/event", { status: 503 });
      await trackAll(visitor);
      await visitor.page.waitForTimeout(OUTAGE_MS);
      expect(countEach(visitor)).toEqual([0, 0, 0, 0, 0]);
      visitor.edge.fail("/api/metrics/event", undefined);
      await arriveOnce(visitor);
    };
    await Promise.all(OUTBOXES.map(suffer));
  });

  test("arrive when the page was left and another one of the tab opened later", { timeout: 60_000 }, async () => {
    const suffer = async (outbox: string): Promise<void> => {
      const visitor = await open(outbox);
      await trackIntoOutage(visitor);
      await visitor.page.goto("about:blank");
      visitor.edge.fail("/api/metrics/event", undefined);
      await visitor.page.goto(visitor.at("/later"));
      await arriveOnce(visitor);
    };
    await Promise.all(OUTBOXES.map(suffer));
  });

  test("arrive when the browser was offline for 6 s", { timeout: 60_000 }, async () => {
    const suffer = async (outbox: string): Promise<void> => {
      const visitor = await open(outbox);
      await visitor.context.setOffline(true);
      await trackAll(visitor);
      await visitor.page.waitForTimeout(OUTAGE_MS);
      await visitor.context.setOffline(false);
      await arriveOnce(visitor);
    };
    await Promise.all(OUTBOXES.map(suffer));
  });

  test("arrive with the outbox local when the tab was closed, and are lost with session", {
    timeout: 60_000,
  }, async () => {
    const visitors = await Promise.all(OUTBOXES.map(open));
    for (const visitor of visitors) {
      await trackIntoOutage(visitor);
      await visitor.page.close({ runBeforeUnload: true });
    }
    // The attempt as the tab goes fails as well.
    for (const { edge } of visitors) {
      await expect.poll(() => edge.posts().length, { timeout: 5_000 }).toBe(3);
      edge.fail("/api/metrics/event", undefined);
    }
    for (const { context, at } of visitors) await (await context.newPage()).goto(at("/later"));
    const [session, local] = visitors;
    if (!session || !local) throw new Error("there are two visitors");
    await expect.poll(() => countEach(local), { timeout: 20_000 }).toEqual([1, 1, 1, 1, 1]);
    expect(countEach(session)).toEqual([0, 0, 0, 0, 0]);
  });

  test("keeps neither title nor anything that names the visitor", async () => {
    const visitor = await open("session");
    await trackIntoOutage(visitor);
    await visitor.page.evaluate(() => dispatchEvent(new PageTransitionEvent("pagehide")));
    const [kept = "{}"] = await readKept(visitor);
    const { events }: { events: readonly Record<string, unknown>[] } = JSON.parse(kept);
    expect(events.map(({ event }) => event)).toEqual(EVENTS);
    const fields = new Set(events.flatMap(Object.keys));
    expect([...fields].sort()).toEqual(["event", "event_id", "timestamp", "url"]);
  });

  test("a healthy visit leaves nothing in the browser", async () => {
    const visitor = await open("local");
    await trackAll(visitor);
    await visitor.page.goto(visitor.at("/next"));
    await arriveOnce(visitor);
    const stores = await visitor.page.evaluate(() => [localStorage.length, sessionStorage.length]);
    expect(stores).toEqual([0, 0]);
  });
});
