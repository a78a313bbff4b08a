/** Holds that in mode `persistent` an id is there from consent to withdrawal, for at most 13 months, and at no other time. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromium } from "../means.ts";
import {
  ID,
  idsOf,
  KEY,
  pagesOf,
  readStorage,
  scriptOf,
  sentIds,
  settleConsent,
  view,
  writeKept,
} from "./support/kept-ids.ts";
import { type Bench, startBench } from "./support/tracking.ts";

const DAY_MS = 86_400_000;

describe.skipIf(chromium === undefined)("mode persistent [needs chromium]", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench?.close());

  test("keeps and sends no id before consent", async () => {
    const visitor = await bench.newVisitor({ pages: pagesOf("persistent") });
    await view(visitor, "/page");
    expect(await readStorage(visitor.page)).toEqual({ local: {}, session: {} });
    expect(sentIds(visitor)).toEqual([undefined]);
    // That of the day, which the collector derives.
    expect(idsOf(await visitor.leave())).toEqual([expect.stringMatching(/^[\w-]{22}$/)]);
  });

  test("sends one id from consent on, in every tab, and none from its withdrawal on", async () => {
    const visitor = await bench.newVisitor({ pages: pagesOf("persistent") });
    await view(visitor, "/before");
    await settleConsent(visitor, true);
    await view(visitor, "/after");
    const other = await visitor.context.newPage();
    await view(visitor, "/other-tab", other);
    const [, id] = sentIds(visitor);
    expect(id).toMatch(ID);
    expect(await readStorage(other)).toEqual({
      local: { [KEY]: writeKept(String(id), Date.now()) },
      session: {},
    });
    await settleConsent(visitor, false);
    // Another tab may be another process, which hears of it a moment later.
    await expect.poll(() => readStorage(other)).toEqual({ local: {}, session: {} });
    await view(visitor, "/withdrawn", other);
    await other.close();
    expect(sentIds(visitor)).toEqual([undefined, id, id, undefined]);
    const [before, after, there, withdrawn] = idsOf(await visitor.leave());
    expect([after, there]).toEqual([id, id]);
    expect(withdrawn).toBe(before);
  });

  test("does not renew an id by visits or by consent again, and after 13 months has none until consent again", async () => {
    const visitor = await bench.newVisitor({ pages: pagesOf("persistent") });
    const { page } = visitor;
    const start = Date.parse("2026-01-15T12:00:00Z");
    await page.clock.install({ time: start });
    await view(visitor, "/first");
    await settleConsent(visitor, true);
    await view(visitor, "/second");
    const [, id] = sentIds(visitor);
    const { local } = await readStorage(page);
    expect(local).toEqual({ [KEY]: `${id} since 2026-01-15` });

    await page.clock.setSystemTime(start + 392 * DAY_MS);
    await settleConsent(visitor, true);
    await view(visitor, "/third");
    expect((await readStorage(page)).local).toEqual(local);

    await page.clock.setSystemTime(Date.parse("2027-02-15T12:00:00Z"));
    await view(visitor, "/fourth");
    expect(await readStorage(page)).toEqual({ local: {}, session: {} });
    await settleConsent(visitor, true);
    await view(visitor, "/fifth");
    const [, second, third, fourth, fifth] = sentIds(visitor);
    expect([second, third, fourth]).toEqual([id, id, undefined]);
    expect(fifth).toMatch(ID);
    expect(fifth).not.toBe(id);
  });

  test("gives the id up when the clock is set back before the day that it was first written", async () => {
    const visitor = await bench.newVisitor({ pages: pagesOf("persistent") });
    const { page } = visitor;
    await page.clock.install({ time: Date.parse("2027-01-15T12:00:00Z") });
    await view(visitor, "/first");
    await settleConsent(visitor, true);
    await view(visitor, "/second");
    await page.clock.setSystemTime(Date.parse("2026-01-15T12:00:00Z"));
    await view(visitor, "/third");
    expect(await readStorage(page)).toEqual({ local: {}, session: {} });
    expect(sentIds(visitor)).toEqual([undefined, expect.stringMatching(ID), undefined]);
  });

  test("removes the id on the next page when the visitor has turned the core off, and keeps none by consent", async () => {
    const visitor = await bench.newVisitor({ pages: pagesOf("persistent") });
    const { page, at } = visitor;
    await view(visitor, "/page");
    await settleConsent(visitor, true);
    await page.evaluate(() => localStorage.setItem("passerby", "off"));
    await page.goto(at("/off"));
    expect((await readStorage(page)).local).toEqual({ passerby: "off" });
    await settleConsent(visitor, true);
    expect((await readStorage(page)).local).toEqual({ passerby: "off" });
  });

  test("works when its script comes after the core's, and takes anything but true as a no", async () => {
    const visitor = await bench.newVisitor({
      pages: {
        starter: (apiUrl) => `<script defer src="/passerby.js" data-api="${apiUrl}"></script>${scriptOf("persistent")}`,
      },
    });
    visitor.edge.setConfig({ flush_ms: 50 });
    await view(visitor, "/page");
    await settleConsent(visitor, true);
    expect(Object.keys((await readStorage(visitor.page)).local)).toEqual([KEY]);
    await visitor.page.evaluate(() => window.passerby?.track("something"));
    await expect.poll(() => sentIds(visitor)).toEqual([undefined, expect.stringMatching(ID)]);
    await visitor.page.evaluate(() => {
      const consent: unknown = window.passerby?.consent;
      for (const answer of [undefined, null, 1, "true", {}, Symbol("yes")]) {
        if (typeof consent === "function") consent(answer);
      }
    });
    expect((await readStorage(visitor.page)).local).toEqual({});
  });

  test("is given and withdrawn by the banner of the reference page, which asks until it knows", async () => {
    const reference = readFileSync(new URL("../../docs/reference/identity.md", import.meta.url), "utf8");
    const [, banner = ""] = /<!-- banner -->\n```html\n(.*?)```/s.exec(reference) ?? [];
    const visitor = await bench.newVisitor({
      pages: {
        starter: (apiUrl) =>
          banner
            .replaceAll("https://metrics.example.com/passerby", "/passerby")
            .replace('passerby-full.js"', `passerby-full.js" data-api="${apiUrl}"`),
      },
    });
    const { page } = visitor;
    const isAsked = (): Promise<boolean> => page.locator("#banner").isVisible();
    const start = Date.parse("2026-01-15T12:00:00Z");
    await page.clock.install({ time: start });
    await view(visitor, "/first");
    expect(await isAsked()).toBe(true);
    await page.click("#yes");
    expect(await isAsked()).toBe(false);
    await view(visitor, "/second");
    expect(await isAsked()).toBe(false);
    await page.clock.setSystemTime(start + 400 * DAY_MS);
    await view(visitor, "/third");
    expect(await isAsked()).toBe(true);
    await page.click("#no");
    await view(visitor, "/fourth");
    expect(await isAsked()).toBe(false);
    expect((await readStorage(page)).local).toEqual({ banner: "no" });
    expect(sentIds(visitor)).toEqual([undefined, expect.stringMatching(ID), undefined, undefined]);
  });
});
