/** Holds that the collector's answers are read as the contract has them, and that any other shape does no harm. */
import { describe, expect, test } from "vitest";
import { parseConfig, parseSnapshot } from "./parse-answers.ts";

describe("the collector's answers", () => {
  test("tell the config", () => {
    expect(parseConfig('{"enabled":false,"sample_rate":0.5,"max_batch":50,"flush_ms":5000,"u":7}')).toEqual({
      isEnabled: false,
      sampleRate: 0.5,
      bucket: 7,
    });
    expect(parseConfig('{"enabled":true,"sample_rate":null}')).toMatchObject({
      isEnabled: true,
      sampleRate: undefined,
    });
  });

  test("tell the snapshot", () => {
    const last = { event: "page_view", timestamp: "2026-01-31T12:34:00.000Z", visitor_id: "redacted" };
    const answer = { total: 1, by_event: [{ event: "page_view", count: 1 }], last_events: [last], file_size_bytes: 9 };
    expect(parseSnapshot(JSON.stringify(answer))).toEqual({
      total: 1,
      byEvent: [{ name: "page_view", count: 1 }],
      lastEvents: [{ name: "page_view", time: last.timestamp, fields: last }],
      fileBytes: 9,
      receivedLastMinute: undefined,
    });
  });

  test.for(["", "null", "[]", '{"by_event":[1],"last_events":{"a":1},"total":"x"}'])(
    "of the shape %s are empty",
    (text) => {
      expect(parseSnapshot(text)).toMatchObject({ total: 0, byEvent: [], lastEvents: [] });
      expect(parseConfig(text)).toEqual({ isEnabled: true, sampleRate: undefined, bucket: undefined });
    },
  );
});
