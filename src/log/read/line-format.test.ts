/** Encoding and decoding of lines, against any text that a client can send. */

import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyText } from "../../../test/fault/log-fixtures.ts";
import { makeEvent } from "../../../test/fault/make-event.ts";
import { sharedData } from "../../../test/means.ts";
import { type AcceptedEvent, EVENT_FIELDS } from "../../event.ts";
import { encodeLines } from "../write/encode-line.ts";
import { decodeLine } from "./decode-line.ts";

const position = { writer: "w1", start: "start0000000", seq: 7 };

/** Returns what a line gives back, without the position. */
function roundTrip(event: AcceptedEvent): unknown {
  const lines = encodeLines([event], position);
  expect(lines.indexOf("\n")).toBe(lines.length - 1);
  expect(isUtf8(Buffer.from(lines))).toBe(true);
  expect(JSON.parse(lines)).toBeTypeOf("object");
  return decodeLine(lines.slice(0, -1));
}

function wellFormed<Value>(value: Value): Value {
  const text = JSON.stringify(value, (_, part: unknown) => (typeof part === "string" ? part.toWellFormed() : part));
  return JSON.parse(text);
}

describe("a line of the log", () => {
  it("gives back the event that was encoded, with its position", () => {
    fc.assert(
      fc.property(anyText, anyText, fc.jsonValue(), fc.option(anyText, { nil: undefined }), (a, b, json, title) => {
        const text = a.slice(0, 64) || "x";
        const event = makeEvent("1", {
          event: text,
          metadata: { b, json },
          ...(title === undefined ? {} : { title: title.slice(0, 256) }),
        });
        const expected = wellFormed({ v: 1, ...position, ...event });
        expect(roundTrip(event)).toEqual(expected);
      }),
    );
  });

  it("holds the fields in the order of the contract, the position first, and none that is undefined", () => {
    const line: object = JSON.parse(encodeLines([makeEvent("1", { url: "https://a.com/" })], position));
    const wires = EVENT_FIELDS.map((field): string => field.wire).filter((wire) => wire in line);
    expect(Object.keys(line)).toEqual(wires);
    expect(wires.slice(0, 4)).toEqual(["v", "seq", "writer", "start"]);
    expect(line).not.toHaveProperty("title");
  });

  it("numbers the lines of a batch without a gap", () => {
    const lines = encodeLines([makeEvent("1"), makeEvent("2"), makeEvent("3")], position)
      .trimEnd()
      .split("\n");
    expect(lines.map((line) => JSON.parse(line).seq)).toEqual([7, 8, 9]);
  });

  it("replaces a lone surrogate, and leaves alone text that only looks like one", () => {
    const event = makeEvent("1", { title: "a\ud800b", metadata: { path: "C:\\ud800", emoji: "😀" } });
    expect(roundTrip(event)).toMatchObject({ title: "a\ufffdb", metadata: { path: "C:\\ud800", emoji: "😀" } });
  });
});

describe("a line that holds no event", () => {
  const good = encodeLines([makeEvent("1")], position).slice(0, -1);
  const change = (changes: object): string => JSON.stringify({ ...JSON.parse(good), ...changes });

  it.each([
    ["erased", "an erased event", '{"v":1,"seq":3,"erased":true}'],
    ["not_json", "an empty line", ""],
    ["not_json", "a torn line", good.slice(0, -1)],
    ["not_json", "two lines glued together", `${good}${good}`],
    ["not_json", "a byte order mark before the line", `\ufeff${good}`],
    ["not_json", "a run of zero bytes", "\u0000\u0000\u0000"],
    ["not_an_event", "null", "null"],
    ["not_an_event", "an array", "[]"],
    ["not_an_event", "an empty object", "{}"],
    ["not_an_event", "a number below 0", change({ seq: -1 })],
    ["not_an_event", "a time that is none", change({ received_at: "yesterday" })],
    ["not_an_event", "a day that does not exist", change({ timestamp: "2026-02-30T00:00:00.000Z" })],
    ["not_an_event", "no visitor", change({ visitor_id: undefined })],
    ["not_an_event", "a rate of 0", change({ server_sample_rate: 0 })],
    ["not_an_event", "an unknown device", change({ device: "toaster" })],
    ["not_an_event", "a version below the first", change({ v: 0 })],
    ["newer_version", "a version above ours", change({ v: 2 })],
  ])("is named %s: %s", (problem, _, line) => {
    expect(decodeLine(line)).toMatchObject({ problem });
  });

  it.each([
    ["erased", { v: 1, erased: true }],
    ["newer_version", { v: 2, unknown: [] }],
  ])("tells where it stands where it is %s", (problem, content) => {
    const tellPlace = (start: unknown): string => JSON.stringify({ ...content, writer: "w1", start, seq: 7 });
    const place = { writer: "w1", start: "start-1", seq: 7 };
    expect(decodeLine(tellPlace("start-1"))).toMatchObject({ problem, position: place });
    expect(decodeLine(tellPlace([1]))).not.toHaveProperty("position");
  });

  it("is described without what it holds", () => {
    const decoded = decodeLine(change({ title: 4711 }));
    expect(decoded).toEqual({ problem: "not_an_event", message: "/title must be string" });
  });

  it("is not one whose text grew past a client's bound", () => {
    expect(decodeLine(change({ url: `https://a.com/${"x".repeat(4_000)}` }))).toMatchObject({ seq: 7 });
  });

  it("is not one that ends in a carriage return or has a field of a later version", () => {
    expect(decodeLine(`${good}\r`)).toMatchObject({ seq: 7 });
    expect(decodeLine(change({ later: 1 }))).not.toHaveProperty("later");
  });
});

const naughty = sharedData("naughty_strings_blns.jsonl");

describe.skipIf(!naughty)("naughty strings of the world [needs shared data]", () => {
  it("come back as they were", () => {
    const lines = readFileSync(naughty ?? "", "utf8")
      .trimEnd()
      .split("\n");
    expect(lines.length).toBeGreaterThan(200);
    for (const line of lines) {
      const value: unknown = JSON.parse(line);
      const event = makeEvent("1", { title: line.slice(0, 200), metadata: { value } });
      expect(roundTrip(event)).toMatchObject(wellFormed({ title: line.slice(0, 200), metadata: { value } }));
    }
  });
});
