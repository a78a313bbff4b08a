import { appendFileSync, mkdtempSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeEach, describe, expect, it } from "vitest";
import { makeEvent } from "../../../test/fault/make-event.ts";
import { sealActiveFile } from "../files/seal.ts";
import { encodeLines } from "../write/encode-line.ts";
import { type LineMark, readBehind } from "./read-behind.ts";

let dataDir: string;

/** Writes lines `from` to `to` of a start; the id of line 3 of start a is `a3`. */
function write(file: string, position: { start: string; from: number; to: number; writer?: string }): void {
  const { start, from, to, writer = "w1" } = position;
  const events = Array.from({ length: to - from + 1 }, (_, index) => makeEvent(`${start}${from + index}`));
  appendFileSync(join(dataDir, file), encodeLines(events, { writer, start, seq: from }));
}

async function idsBehind(mark?: LineMark): Promise<readonly unknown[]> {
  const ids: unknown[] = [];
  for await (const event of readBehind(dataDir, 1, mark)) ids.push(event.metadata["id"]);
  return ids;
}

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "passerby-behind-"));
  write("metrics-2026-11-22.1.jsonl", { start: "a", from: 0, to: 2 });
  write("metrics-2026-11-22.w2.1.jsonl", { start: "z", from: 0, to: 2, writer: "w2" });
  write("metrics-2026-11-23.1.jsonl", { start: "a", from: 3, to: 4 });
  write("metrics.jsonl", { start: "b", from: 0, to: 1 });
});

describe("what a writer stored behind a line", () => {
  it("is everything of that writer, oldest first, when no line is remembered", async () => {
    expect(await idsBehind()).toEqual(["a0", "a1", "a2", "a3", "a4", "b0", "b1"]);
  });

  it("begins with the next line, in the same file or the next", async () => {
    expect(await idsBehind({ start: "a", seq: 3 })).toEqual(["a4", "b0", "b1"]);
    expect(await idsBehind({ start: "a", seq: 4 })).toEqual(["b0", "b1"]);
    expect(await idsBehind({ start: "b", seq: 1 })).toEqual([]);
  });

  it("is everything when the remembered line is gone", async () => {
    expect(await idsBehind({ start: "gone", seq: 7 })).toHaveLength(7);
  });

  it("is found where line numbers begin alike and the file is larger than one read", async () => {
    writeFileSync(join(dataDir, "metrics.jsonl"), "");
    for (let from = 0; from < 6_000; from += 1_000) write("metrics.jsonl", { start: "c", from, to: from + 999 });
    const behind = await idsBehind({ start: "c", seq: 59 });
    expect([behind[0], behind.length]).toEqual(["c60", 5_940]);
  });

  it("is all there when the file is sealed, and a file is compressed, while it is read", async () => {
    const ids: unknown[] = [];
    for await (const event of readBehind(dataDir, 1, undefined)) {
      ids.push(event.metadata["id"]);
      if (ids.length > 1) continue;
      sealActiveFile(dataDir, 1);
      write("metrics.jsonl", { start: "b", from: 2, to: 3 });
      const shard = join(dataDir, "metrics-2026-11-23.1.jsonl");
      writeFileSync(`${shard}.gz`, gzipSync(readFileSync(shard)));
      unlinkSync(shard);
    }
    expect(ids).toEqual(["a0", "a1", "a2", "a3", "a4", "b0", "b1"]);
  });

  it("does not hold a line that is not finished", async () => {
    appendFileSync(join(dataDir, "metrics.jsonl"), '{"v":1,"seq":2,"writer":"w1","sta');
    expect(await idsBehind({ start: "b", seq: 0 })).toEqual(["b1"]);
  });
});
