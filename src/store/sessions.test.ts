/** Holds how events become visits: by worked examples, and by a property over every order of arrival. */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { streams } from "../../test/differential/streams.ts";
import { isLong } from "../../test/means.ts";
import { eventsOf, makeSampleLog, type SampleLog } from "../../test/sample-log.ts";
import { systemClock } from "../clock.ts";
import type { AcceptedEvent } from "../event.ts";
import { openStore, type Store } from "./store.ts";

const SESSIONS = `SELECT visitor_id AS who, strftime(start_at, '%H:%M') AS start, strftime(last_at, '%H:%M') AS last,
  coalesce(entry_page, '-') AS entry, coalesce(exit_page, '-') AS leave, pageviews, interactions,
  coalesce(source, '-') AS source, is_bot, p
FROM sessions WHERE id IS NOT NULL ORDER BY start_at, who`;

let log: SampleLog;
let store: Store;

beforeEach(async () => {
  log = makeSampleLog();
  store = await openMemory(log.dataDir);
});
afterEach(async () => {
  await store.close();
  log.remove();
});

function openMemory(dataDir: string): Promise<Store> {
  return openStore({ dataDir, clock: systemClock, inMemory: true, onWarning: () => {} });
}

/** Loads each table in turn and returns the visits as `who start-last entry>exit pageviews+interactions`. */
async function visitsOf(...tables: readonly string[]): Promise<readonly string[]> {
  for (const table of tables) {
    log.append(eventsOf(table));
    await store.load();
  }
  const rows = await store.read((ask) => ask(SESSIONS));
  return rows.map(
    (row) =>
      `${String(row["who"]).replace(/\.+$/, "")} ${row["start"]}-${row["last"]} ${row["entry"]}>${row["leave"]} ` +
      `${row["pageviews"]}+${row["interactions"]}`,
  );
}

describe("a visit", () => {
  test("goes on for pauses of up to 30 minutes and ends with a longer one", async () => {
    const table = `
      10:00 ada page_view /a
      10:30 ada page_view /b
      11:00:00.001 ada page_view /c`;
    expect(await visitsOf(table)).toEqual(["ada 10:00-10:30 /a>/b 2+0", "ada 11:00-11:00 /c>/c 1+0"]);
  });

  test("belongs to one visitor of one site", async () => {
    const table = `
      10:00 ada page_view /a
      10:01 bob page_view /b
      10:02 ada page_view /c site=b.org`;
    expect(await visitsOf(table)).toEqual([
      "ada 10:00-10:00 /a>/a 1+0",
      "bob 10:01-10:01 /b>/b 1+0",
      "ada 10:02-10:02 /c>/c 1+0",
    ]);
  });

  test("is kept alive by passive events, but not begun by them", async () => {
    const table = `
      09:50 ada web_vital /a
      10:00 ada page_view /a
      10:25 ada engagement /a
      10:50 ada page_view /b
      10:55 ada scroll_depth /b`;
    expect(await visitsOf(table)).toEqual(["ada 10:00-10:55 /a>/b 2+0"]);
  });

  test("is none where all events are passive", async () => {
    expect(await visitsOf("10:00 ada js_error /a\n10:05 ada engagement /a")).toEqual([]);
  });

  test("is held together by the client's session id, whatever the pauses", async () => {
    const table = `
      10:00 ada page_view /a session=tab-one
      10:05 ada page_view /x session=tab-two
      12:00 ada page_view /b session=tab-one`;
    expect(await visitsOf(table)).toEqual(["ada 10:00-12:00 /a>/b 2+0", "ada 10:05-10:05 /x>/x 1+0"]);
  });

  test("takes an empty session id of the client for none", async () => {
    const table = `
      10:00 ada page_view /a session=
      10:05 ada page_view /b
      12:00 ada page_view /c session=`;
    expect(await visitsOf(table)).toEqual(["ada 10:00-10:05 /a>/b 2+0", "ada 12:00-12:00 /c>/c 1+0"]);
  });

  test("enters and leaves by page views, whatever other events come first and last", async () => {
    const table = `
      10:00 ada signup /path/1
      10:01 ada page_view /path/2
      10:02 ada page_view /path/3
      10:03 ada signup /path/4`;
    expect(await visitsOf(table)).toEqual(["ada 10:00-10:03 /path/2>/path/3 2+2"]);
  });

  test("takes source and robot from its first event that is not passive, and the highest rate of all", async () => {
    log.append(
      eventsOf(`
        10:00 ada engagement /a source=early p=1 bot
        10:01 ada page_view /a source=google p=0.25
        10:02 ada page_view /b source=other p=0.5 bot`),
    );
    await store.load();
    const rows = await store.read((ask) => ask(SESSIONS));
    expect(rows).toMatchObject([{ source: "google", is_bot: false, p: 0.5 }]);
    const robots = await store.read((ask) => ask("SELECT is_robot FROM events ORDER BY timestamp"));
    // The first event is in no visit, so its own word counts.
    expect(robots.map((row) => row["is_robot"])).toEqual([true, false, false]);
  });

  test("is never made by a smoke test", async () => {
    expect(await visitsOf("10:00 ada smoke_test /a\n10:01 smoke-x page_view /a")).toEqual([]);
  });

  test("orders events of one moment by their id", async () => {
    const table = `
      10:00 ada page_view /second id=2
      10:00 ada page_view /first id=1`;
    expect(await visitsOf(table)).toEqual(["ada 10:00-10:00 /first>/second 2+0"]);
  });
});

describe("a late event", () => {
  test("joins two visits when it falls between them", async () => {
    const first = "10:00 ada page_view /a id=1\n10:50 ada page_view /b id=2";
    expect(await visitsOf(first)).toHaveLength(2);
    expect(await visitsOf("10:25 ada page_view /late id=3")).toEqual(["ada 10:00-10:50 /a>/b 3+0"]);
    const sessions = await store.read((ask) => ask("SELECT DISTINCT session FROM events"));
    expect(sessions).toHaveLength(1);
  });

  test("moves the beginning of a visit to itself", async () => {
    await visitsOf("10:20 ada page_view /a id=1 source=later");
    expect(await visitsOf("10:00 ada page_view /late id=2 source=first")).toEqual(["ada 10:00-10:20 /late>/a 2+0"]);
    const rows = await store.read((ask) => ask(SESSIONS));
    expect(rows).toMatchObject([{ source: "first" }]);
  });

  test("gives events that waited in no visit their visit only from its beginning on", async () => {
    await visitsOf("10:00 ada engagement /a id=1\n10:20 ada engagement /a id=2");
    expect(await visitsOf("10:10 ada page_view /a id=3")).toEqual(["ada 10:10-10:20 /a>/a 1+0"]);
    const waiting = await store.read((ask) => ask("SELECT count(*) AS n FROM events WHERE session IS NULL"));
    expect(waiting).toEqual([{ n: 1n }]);
  });

  test("continues a visit whose last event is exactly 30 minutes old", async () => {
    await visitsOf("10:00 ada page_view /a id=1");
    expect(await visitsOf("10:30 ada page_view /b id=2")).toEqual(["ada 10:00-10:30 /a>/b 2+0"]);
  });

  test("leaves what a passive event before the visit said of robots as it is, in one load or two", async () => {
    const robots = async (...tables: readonly string[]): Promise<unknown> => {
      await visitsOf(...tables);
      const rows = await store.read((ask) => ask("SELECT visitor_id, is_robot FROM events ORDER BY timestamp"));
      return rows.map((row) => row["is_robot"]);
    };
    const [passive, active] = ["10:00 ada engagement / bot id=1", "10:05 ada link_click / id=2"];
    expect(await robots(passive, active)).toEqual([true, false]);
    expect(await robots("12:00 bob engagement / bot id=3\n12:05 bob link_click / id=4")).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  test("leaves the visits of others alone", async () => {
    await visitsOf("10:00 ada page_view /a id=1\n10:00 bob page_view /a id=2");
    expect(await visitsOf("10:10 ada page_view /b id=3")).toEqual([
      "ada 10:00-10:10 /a>/b 2+0",
      "bob 10:00-10:00 /a>/a 1+0",
    ]);
  });
});

const STATE = [
  "SELECT * EXCLUDE (seq, writer) FROM events ORDER BY ALL",
  "SELECT * FROM sessions ORDER BY ALL",
] as const;

/** Writes the events in pieces, loads after each piece, and returns the whole store. */
async function stateAfter(pieces: readonly (readonly AcceptedEvent[])[]): Promise<unknown> {
  const ownLog = makeSampleLog();
  const ownStore = await openMemory(ownLog.dataDir);
  try {
    for (const piece of pieces) {
      ownLog.append(piece);
      await ownStore.load();
    }
    return await ownStore.read(async (ask) => [await ask(STATE[0]), await ask(STATE[1])]);
  } finally {
    await ownStore.close();
    ownLog.remove();
  }
}

test("loading in any pieces and any order gives what one load of everything gives", { timeout: 600_000 }, async () => {
  const shuffled = streams(40).chain(({ events }) =>
    fc.record({
      events: fc.constant(events),
      shuffled: fc.shuffledSubarray([...events], { minLength: events.length, maxLength: events.length }),
      size: fc.integer({ min: 1, max: 12 }),
    }),
  );
  await fc.assert(
    fc.asyncProperty(shuffled, async (given) => {
      const pieces = [];
      for (let from = 0; from < given.shuffled.length; from += given.size) {
        pieces.push(given.shuffled.slice(from, from + given.size));
      }
      expect(await stateAfter(pieces)).toEqual(await stateAfter([given.events]));
    }),
    { numRuns: isLong ? 1_000 : 8, interruptAfterTimeLimit: isLong ? 240_000 : 60_000 },
  );
});
