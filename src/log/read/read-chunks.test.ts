/** Holds that lines read in bulk are the lines read one by one. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isLong } from "../../../test/means.ts";
import { openLineSource } from "./line-source.ts";
import { chunksOf, type LineChunk, MAX_LINE_BYTES, splitChunk } from "./read-chunks.ts";
import { readLines } from "./read-lines.ts";

let folder: string;
let path: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "passerby-chunks-"));
  path = join(folder, "metrics.jsonl");
});
afterAll(() => rmSync(folder, { recursive: true }));

type Read = { readonly texts: readonly string[]; readonly damaged: number; readonly end: number };

async function oneByOne(from: number, to: number): Promise<Read> {
  const texts: string[] = [];
  let damaged = 0;
  let end = from;
  for await (const line of readLines(path, from, to)) {
    end = line.nextOffset;
    if ("text" in line) texts.push(line.text);
    else damaged += 1;
  }
  return { texts, damaged, end };
}

async function inBulk(from: number, to: number): Promise<Read> {
  const texts: string[] = [];
  let damaged = 0;
  let end = from;
  const file = await openLineSource(path);
  try {
    for await (const chunk of chunksOf(file, from, to)) {
      const found = chunk.lines === 0 ? [] : Buffer.from(chunk.bytes).toString().split("\n");
      expect(found).toHaveLength(chunk.lines);
      texts.push(...found);
      damaged += chunk.damaged;
      end = chunk.nextOffset;
    }
  } finally {
    await file.close();
  }
  return { texts, damaged, end };
}

const bytes = fc.oneof(
  { weight: 8, arbitrary: fc.string({ unit: "grapheme" }).map((text) => Buffer.from(text.replaceAll("\n", ""))) },
  { weight: 1, arbitrary: fc.constant(Buffer.alloc(0)) },
  { weight: 2, arbitrary: fc.constantFrom([0xff], [0xc3], [0xed, 0xa0, 0x80]).map((odd) => Buffer.from(odd)) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(262_143, 262_144, 300_000, MAX_LINE_BYTES - 1, MAX_LINE_BYTES, MAX_LINE_BYTES + 1, 2_500_000)
      .map((length) => Buffer.alloc(length, "x")),
  },
);

test("every line is in one chunk, in order, or counted as damaged; a line that is not complete waits", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(bytes, { maxLength: 12 }), fc.boolean(), fc.nat(), async (lines, isWhole, cut) => {
      const whole = Buffer.concat(lines.flatMap((line) => [line, Buffer.from("\n")]));
      writeFileSync(path, isWhole ? whole : whole.subarray(0, -1));
      for (const to of [whole.length, cut % (whole.length + 1)]) {
        expect(await inBulk(0, to)).toEqual(await oneByOne(0, to));
      }
      const from = (lines[0]?.length ?? -1) + 1;
      expect(await inBulk(from, whole.length)).toEqual(await oneByOne(from, whole.length));
    }),
    { numRuns: isLong ? 2_000 : 60, interruptAfterTimeLimit: isLong ? 120_000 : 10_000 },
  );
}, 180_000);

test("a chunk is divided at a line, and its first part says where in the file the second begins", async () => {
  const whole = Buffer.from("é1\n\nthree\n4\n");
  writeFileSync(path, whole);
  const file = await openLineSource(path);
  try {
    for await (const chunk of chunksOf(file, 0, whole.length)) {
      const texts = (part: LineChunk | undefined): unknown =>
        part && [Buffer.from(part.bytes).toString(), part.lines, whole.subarray(part.nextOffset).toString()];
      const halves = (lines: number): readonly unknown[] => splitChunk(chunk, lines).map(texts);
      expect(halves(1)).toEqual([
        ["é1", 1, "\nthree\n4\n"],
        ["\nthree\n4", 3, ""],
      ]);
      expect(halves(2)).toEqual([
        ["é1\n", 2, "three\n4\n"],
        ["three\n4", 2, ""],
      ]);
      expect(halves(4)).toEqual([["é1\n\nthree\n4", 4, ""], undefined]);
    }
  } finally {
    await file.close();
  }
});
