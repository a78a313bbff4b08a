/** Holds who a visitor is in mode `session`, what is kept of them in the browser, and when nothing is kept in any mode. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromium } from "../means.ts";
import {
  ID,
  idsOf,
  KEY,
  type Mode,
  pagesOf,
  readStorage,
  scriptOf,
  sentIds,
  settleConsent,
  view,
  writeKept,
} from "./support/kept-ids.ts";
import { type Bench, startBench } from "./support/tracking.ts";

describe.skipIf(chromium === undefined)("mode session [needs chromium]", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench?.close());

  test("gives one tab one id over page loads, a return by the back/forward cache among them", async () => {
    const visitor = await bench.newVisitor({ pages: pagesOf("session") });
    visitor.edge.setConfig({ flush_ms: 50 });
    await view(visitor, "/one");
    await visitor.page.evaluate(() => void Reflect.set(window, "isFirstPage", true));
    await view(visitor, "/two");
    // Not page.goBack(), which waits for a load event that a page of the cache does not have.
    await visitor.page.evaluate(() => void setTimeout(() => history.back()));
    await expect.poll(() => visitor.edge.posts().length).toBe(3);
    expect(await visitor.page.evaluate(() => Reflect.get(window, "isFirstPage"))).toBe(true);
    const { local, session } = await readStorage(visitor.page);
    const [id] = sentIds(visitor);
    expect(local).toEqual({});
    expect(session).toEqual({ [KEY]: writeKept(String(id), Date.now()) });
    const lines = await visitor.leave();
    expect(id).toMatch(ID);
    expect(idsOf(lines)).toEqual([id, id, id]);
    expect(lines.filter((line) => "session_id" in line || "bucket" in line)).toEqual([]);
  });

  test("gives another tab another id, and a tab that was opened from it as a copy the same", async () => {
    const visitor = await bench.newVisitor({ pages: pagesOf("session") });
    await view(visitor, "/one");
    await view(visitor, "/two", await visitor.context.newPage());
    // What `window.open` opens gets a copy of its opener's session storage, as a tab that is duplicated does.
    const [copy] = await Promise.all([
      visitor.context.waitForEvent("page"),
      visitor.page.evaluate((address) => void window.open(address), visitor.at("/three")),
    ]);
    await expect.poll(() => visitor.edge.posts().length).toBe(3);
    await copy.close();
    const [one, two, three] = idsOf(await visitor.leave());
    expect(two).toMatch(ID);
    expect(two).not.toBe(one);
    expect(three).toBe(one);
  });

  test.for([
    ["an id that is too old", `${"a".repeat(32)} since 2024-01-01`],
    ["an id of a day to come, as before the clock was set back", `${"a".repeat(32)} since 2999-01-01`],
    ["an e-mail address", "jo@example.com"],
    ["nonsense", '{"id":\u0000 <script>'],
    ["nothing", ""],
  ] as const)("makes a new id where it finds %s", async ([, text]) => {
    const visitor = await bench.newVisitor({ pages: pagesOf("session") });
    await visitor.page.goto(`${bench.origin}/elsewhere`);
    await visitor.page.evaluate(([key, value]) => sessionStorage.setItem(key, value), [KEY, text] as const);
    await view(visitor, "/page");
    const [id] = sentIds(visitor);
    expect(id).toMatch(ID);
    expect(id).not.toBe("a".repeat(32));
    expect((await readStorage(visitor.page)).session).toEqual({ [KEY]: writeKept(String(id), Date.now()) });
    expect(idsOf(await visitor.leave())).toEqual([id]);
  });
});

describe.skipIf(chromium === undefined)("in every mode [needs chromium]", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench?.close());

  const modes: readonly Mode[] = ["session", "persistent"];

  test.for(modes)(
    "%s keeps nothing and causes no request under Global Privacy Control, even by consent",
    async (mode) => {
      const visitor = await bench.newVisitor({
        pages: {
          starter: (apiUrl) => `<script defer src="/passerby.js" data-api="${apiUrl}"></script>${scriptOf(mode)}`,
        },
        initScript: () => Object.defineProperty(navigator, "globalPrivacyControl", { value: true }),
      });
      await visitor.page.goto(`${bench.origin}/elsewhere`);
      await visitor.page.evaluate((key) => {
        // As if consent had been given before the visitor turned the signal on.
        localStorage.setItem(key, `${"a".repeat(32)} since 2026-11-24`);
        sessionStorage.setItem(key, `${"a".repeat(32)} since 2026-11-24`);
      }, KEY);
      await visitor.page.goto(visitor.at("/page"));
      await settleConsent(visitor, true);
      await visitor.page.evaluate(() => window.passerby?.track("something"));
      expect(await readStorage(visitor.page)).toEqual({ local: {}, session: {} });
      await visitor.page.goto("about:blank");
      expect(visitor.edge.seen).toEqual([]);
    },
  );

  test.for(modes)("%s counts by the day, silently, where storage is blocked", async (mode) => {
    const visitor = await bench.newVisitor({
      pages: pagesOf(mode),
      initScript: () => {
        for (const name of ["localStorage", "sessionStorage"]) {
          Object.defineProperty(window, name, {
            get: () => {
              throw new DOMException("denied", "SecurityError");
            },
          });
        }
      },
    });
    const errors: unknown[] = [];
    visitor.page.on("pageerror", (error) => errors.push(error));
    visitor.page.on("console", (message) => errors.push(message.text()));
    await visitor.page.goto(visitor.at("/page"));
    await settleConsent(visitor, true);
    await visitor.page.evaluate(() => window.passerby?.track("something"));
    await settleConsent(visitor, false);
    const lines = await visitor.leave();
    expect(lines.map(({ event }) => event)).toEqual(["page_view", "something"]);
    expect(new Set(idsOf(lines)).size).toBe(1);
    expect(sentIds(visitor).filter((id) => id !== undefined)).toEqual([]);
    expect(errors).toEqual([]);
  });

  test("daily, as a mode that is none, removes what the other modes have kept", async () => {
    const visitor = await bench.newVisitor({ pages: { head: scriptOf("forever") } });
    await visitor.page.goto(`${bench.origin}/elsewhere`);
    await visitor.page.evaluate((key) => {
      localStorage.setItem(key, `${"a".repeat(32)} since 2026-11-24`);
      sessionStorage.setItem(key, `${"a".repeat(32)} since 2026-11-24`);
    }, KEY);
    await view(visitor, "/page");
    expect(await readStorage(visitor.page)).toEqual({ local: {}, session: {} });
    expect(sentIds(visitor)).toEqual([undefined]);
  });

  test("removes the ids of every tab at once when the visitor opts out in one", async () => {
    // In the core's place: what it has for opting out.
    const core = `<script>window.passerby = { track() {}, hooks: [], optOut() { localStorage.passerby = "off"; } };</script>`;
    const visitor = await bench.newVisitor({ pages: { starter: () => core + scriptOf("session") } });
    const other = await visitor.context.newPage();
    for (const tab of [visitor.page, other]) {
      await tab.goto(visitor.at("/page"));
      await tab.evaluate(() => window.passerby?.hooks?.map((one) => one.readIdentity?.()));
      expect(Object.keys((await readStorage(tab)).session)).toEqual([KEY]);
    }
    await other.evaluate(() => window.passerby?.optOut?.());
    for (const tab of [other, visitor.page]) {
      await expect.poll(() => readStorage(tab)).toEqual({ local: { passerby: "off" }, session: {} });
    }
  });

  test("removes the id of a page that is turned off as it loads, by a script after this one", async () => {
    const visitor = await bench.newVisitor({ pages: pagesOf("session") });
    await view(visitor, "/page");
    const off = '<script>addEventListener("DOMContentLoaded", () => { localStorage.passerby = "off"; });</script>';
    const next = await bench.newVisitor({ pages: { head: scriptOf("session"), starter: () => off } });
    await visitor.page.goto(next.at("/page"), { waitUntil: "load" });
    await expect.poll(() => readStorage(visitor.page)).toEqual({ local: { passerby: "off" }, session: {} });
  });
});
