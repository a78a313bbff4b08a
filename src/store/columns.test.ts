/** Holds what the store derives from an event. */
import { expect, test } from "vitest";
import { eventsOf } from "../../test/sample-log.ts";
import type { StoredEvent } from "../event.ts";
import { columnReader, inclusionProbability, pagePath } from "./columns.ts";
import { EVENT_COLUMNS } from "./schema.ts";

function storedEvent(fields: Partial<StoredEvent>): StoredEvent {
  const [event] = eventsOf("10:00 ada page_view -");
  if (!event) throw new Error("one line makes one event");
  return { ...event, v: 1, seq: 0, writer: "w1", start: "start-1", ...fields };
}

function read(column: string, event: StoredEvent): unknown {
  const found = EVENT_COLUMNS.find(({ name }) => name === column);
  if (!found) throw new Error(`no column ${column}`);
  return columnReader(found)(event);
}

test.each([
  ["https://a.com/pricing?utm_source=x#top", "/pricing"],
  ["https://a.com/pricing/", "/pricing/"],
  ["https://a.com", "/"],
  ["https://a.com?ref=x/y", "/"],
  ["https://a.com:8443/%E4%BD%A0", "/%E4%BD%A0"],
  ["https://a.com/a//b/../c", "/a//b/../c"],
])("takes the path of %s as %s", (url, path) => {
  expect(pagePath(storedEvent({ url }))).toBe(path);
});

test("takes metadata.path where there is no url", () => {
  expect(pagePath(storedEvent({ metadata: { path: "/docs?page=2" } }))).toBe("/docs");
});

test.each([{}, { path: "" }, { path: "?only=query" }, { path: 7 }, { path: null }])(
  "knows no page from metadata %j alone",
  (metadata) => {
    expect(pagePath(storedEvent({ metadata }))).toBeNull();
  },
);

test("multiplies the two independent draws to the probability of being stored", () => {
  expect(inclusionProbability(storedEvent({ sampleRate: 0.5, serverSampleRate: 0.2 }))).toBeCloseTo(0.1);
});

test.each([{ event: "smoke_test" }, { visitorId: "smoke-abc" }])("keeps a smoke event %j for certain", (fields) => {
  const event = storedEvent({ ...fields, sampleRate: 0.5 });
  expect(inclusionProbability(event)).toBe(1);
  expect(read("is_smoke", event)).toBe(true);
});

test("knows an imported event by its writer", () => {
  expect(read("dataset", storedEvent({ writer: "import-old-blog" }))).toBe("old-blog");
  expect(read("dataset", storedEvent({ writer: "w1" }))).toBeNull();
});

test("replaces a lone surrogate, which DuckDB's JSON refuses, and leaves what only looks like one", () => {
  const json = read("metadata", storedEvent({ metadata: { odd: "\ud800", text: "\\ud800", face: "😀" } }));
  expect(JSON.parse(String(json))).toEqual({ odd: "\ufffd", text: "\\ud800", face: "😀" });
});

test("reads a time with an offset as milliseconds since 1970", () => {
  const event = storedEvent({ timestamp: "2026-11-20T11:00:00.123+01:00" });
  expect(read("timestamp", event)).toBe(Date.parse("2026-11-20T10:00:00.123Z"));
});
