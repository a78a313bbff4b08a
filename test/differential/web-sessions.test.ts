/** Holds visits to those that another system's published test data expects of real web events. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import type { AcceptedEvent } from "../../src/event.ts";
import { openStore } from "../../src/store/store.ts";
import { sharedData } from "../means.ts";
import { makeSampleLog } from "../sample-log.ts";

const source = sharedData("snowplow-web-sessions/v0.12.4-apache2/source/snowplow_web_events.csv");
const sessions = sharedData(
  "snowplow-web-sessions/v0.12.4-apache2/expected/default/snowplow_web_sessions_expected.csv",
);

type Record = Readonly<{ [Column in string]?: string }>;

/** Reads comma separated values as RFC 4180 has them. */
function readCsv(path: string): readonly Record[] {
  const cells = readFileSync(path, "utf8").matchAll(/("(?:[^"]|"")*"|[^,\r\n]*)(,|\r?\n|$)/g);
  const rows: string[][] = [[]];
  for (const [, cell = "", end] of cells) {
    rows.at(-1)?.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
    if (end !== ",") rows.push([]);
  }
  const [header = [], ...rest] = rows.filter((row) => row.length > 1);
  return rest.map((row) => Object.fromEntries(header.map((name, index) => [name, row[index] ?? ""])));
}

function instant(text = ""): string {
  return new Date(`${text.replace(" UTC", "").replace(" ", "T")}Z`).toISOString();
}

/** Some of their ids are hashes: the first half of one is as good an id, in the form of a UUID. */
function toUuid(id: string): string {
  return id.replace(/^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})[0-9a-f]*$/, "$1-$2-$3-$4-$5");
}

/** Their page ping is our engagement; other events take no part in their sessions. */
function toEvent(record: Record): AcceptedEvent {
  const timestamp = instant(record["derived_tstamp"]);
  return {
    event: record["event"] === "page_ping" ? "engagement" : "page_view",
    visitorId: record["domain_userid"] || "unknown-visitor",
    timestamp,
    metadata: {},
    eventId: toUuid(record["event_id"] ?? ""),
    site: "a.com",
    url: record["page_url"] ?? "",
    sessionId: record["domain_sessionid"] ?? "",
    sampleRate: 1,
    serverSampleRate: 1,
    receivedAt: timestamp,
    device: "desktop",
    isBot: false,
  };
}

/** Where the definitions differ on purpose: the edge case as their data names it, and why. */
const DIFFERENT: ReadonlyMap<string, string> = new Map([
  ["dupe: event_id same collector_tstamp", "they leave out every copy of an event sent twice at once, we keep one"],
  ["dupe: page_view_id different derived_tstamp", "they count page views by an id of the view, we have none"],
  ["long session", "they end a session after three days, a session id of the client never does"],
  ["Unexpired session", "the same"],
  ["Rotating domain_userid per session", "a visit is one visitor's"],
]);

test.skipIf(!source || !sessions)("visits are those of the published web events [needs shared data]", async () => {
  const log = makeSampleLog();
  const store = await openStore({ dataDir: log.dataDir, clock: systemClock, inMemory: true, onWarning: () => {} });
  try {
    const given = readCsv(source ?? "").filter(({ event }) => event === "page_view" || event === "page_ping");
    log.append(given.filter((record) => record["domain_sessionid"] !== "").map(toEvent));
    await store.load();
    const rows = await store.read((ask) =>
      ask(`SELECT client_session, start_at, epoch_ms(last_at) - epoch_ms(start_at) AS duration_ms, pageviews,
        entry_page, exit_page FROM sessions WHERE id IS NOT NULL`),
    );
    const found = new Map(rows.map((row) => [row["client_session"], row]));
    const expected = readCsv(sessions ?? "").filter((record) => !DIFFERENT.has(record["user_id"] ?? ""));
    expect(expected.length).toBeGreaterThanOrEqual(10);
    for (const record of expected) {
      const row = found.get(record["domain_sessionid"] ?? "");
      expect
        .soft(
          {
            pageviews: row?.["pageviews"],
            start: row?.["start_at"] instanceof Date ? row["start_at"].toISOString() : null,
            entry: row?.["entry_page"],
            exit: row?.["exit_page"],
          },
          record["user_id"],
        )
        .toEqual({
          pageviews: Number(record["page_views"]),
          start: instant(record["start_tstamp"]),
          entry: record["first_page_urlpath"],
          exit: record["last_page_urlpath"],
        });
      const seconds = Number(row?.["duration_ms"]) / 1000;
      expect.soft(Math.abs(seconds - Number(record["absolute_time_in_s"])), record["user_id"]).toBeLessThanOrEqual(1);
    }
  } finally {
    await store.close();
    log.remove();
  }
});
