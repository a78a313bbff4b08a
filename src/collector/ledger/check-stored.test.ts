import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeEvent } from "../../../test/fault/make-event.ts";
import { encodeLines } from "../../log/write/encode-line.ts";
import { checkStored } from "./check-stored.ts";

const ALL = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, site: null };
const minuteOf = (minute: number): string => `2026-11-23T09:0${minute}:00.000Z`;

/** A shard of lines in order: a number is an event of that minute after nine, `x` an erased line. */
function writeShard(lines: readonly (number | "x")[]): string {
  const dataDir = mkdtempSync(join(tmpdir(), "passerby-check-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true }));
  const texts = lines.map((line, seq) =>
    line === "x"
      ? `{"v":1,"seq":${seq},"writer":"w1","start":"s","erased":true}\n`
      : encodeLines([makeEvent(`${seq}`, { receivedAt: minuteOf(line) })], { writer: "w1", start: "s", seq }),
  );
  writeFileSync(join(dataDir, "metrics-2026-11-23.1.jsonl"), texts.join(""));
  return dataDir;
}

describe("stored, held against the log", () => {
  it.each<[string, (number | "x")[], number[], number, number[]]>([
    ["equal", [1, 1, 2], [0, 2, 1], 0, []],
    ["lacking an event", [1, 2], [0, 2, 1], 0, [1]],
    ["having one more", [1, 2, 2], [0, 1, 1], 0, [2]],
    ["lacking an erased event", [1, "x", 2], [0, 2, 1], 1, []],
    ["lacking an erased event of a minute without others", [1, "x", 3], [0, 1, 1, 1], 1, []],
    ["lacking more than was erased", [1, "x", 2], [0, 3, 1], 1, [1]],
    ["lacking an event of another minute than the erased one", [1, "x", 2, 4], [0, 1, 1, 0, 2], 0, [4]],
    ["lacking erased events of two minutes", [1, "x", 2, "x", 3], [0, 1, 3, 1], 2, []],
  ])("%s: %j", async (_, lines, stored, erased, different) => {
    const rows = stored.map((events, minute) => ({ from: minuteOf(minute), site: "example.com", stored: events }));
    const check = await checkStored(writeShard(lines), rows, ALL);
    expect(check.events).toBe(lines.filter((line) => line !== "x").length);
    expect([check.erased, check.differences.map(({ from }) => Number(from.slice(15, 16)))]).toEqual([
      erased,
      different,
    ]);
  });
});
