import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  measureAll,
  readShardLines,
  storeAs,
  verify,
  writeLogFiles,
  writeShardLines,
} from "../../../test/fault/verify-fixtures.ts";
import { isLong } from "../../../test/means.ts";
import { systemClock } from "../../clock.ts";
import { repairLog } from "../repair/repair-log.ts";

const LINES = 12;
const SHARDS = ["metrics-2026-11-23.1.jsonl", "metrics-2026-11-23.2.jsonl", "metrics-2026-11-23.3.jsonl"];
const made = mkdtempSync(join(tmpdir(), "passerby-verify-"));

beforeAll(() => writeLogFiles(made, LINES));
afterAll(() => rmSync(made, { recursive: true }));

/** Ways to damage a line, given without its newline, at a share of its length; `keeps` those after which it can be mended. */
const HARMS: Readonly<Record<string, (line: Buffer, at: number) => Buffer>> = {
  cut: (line, at) => line.subarray(0, at),
  nul: (line, at) => Buffer.concat([line.subarray(0, at), Buffer.from([0]), line.subarray(at + 1)]),
  noUtf8: (line, at) => Buffer.concat([line.subarray(0, at), Buffer.from([0xff]), line.subarray(at + 1)]),
  textInside: (line, at) => Buffer.concat([line.subarray(0, at), Buffer.from('"}#{"'), line.subarray(at)]),
  mark: (line) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), line]),
  carriageReturn: (line) => Buffer.concat([line, Buffer.from("\r")]),
};
const KEEPS = new Set(["mark", "carriageReturn"]);

const harms = fc.uniqueArray(
  fc.record({
    shard: fc.nat({ max: SHARDS.length - 1 }),
    line: fc.nat({ max: LINES - 1 }),
    harm: fc.constantFrom(...Object.keys(HARMS)),
    share: fc.double({ min: 0, max: 0.99, noNaN: true }),
  }),
  { maxLength: 12, selector: ({ shard, line }) => `${shard}/${line}` },
);
const forms = fc.tuple(...SHARDS.map(() => fc.constantFrom("none" as const, "gzip" as const, "zstd" as const)));

it("exactly the damaged lines are found, wherever they are, and repair leaves all others byte for byte in order", async () => {
  await fc.assert(
    fc.asyncProperty(harms, forms, fc.boolean(), async (wanted, compressions, isMeasured) => {
      const dataDir = mkdtempSync(join(tmpdir(), "passerby-verify-"));
      try {
        cpSync(made, dataDir, { recursive: true });
        const names = SHARDS.map((shard, index) => storeAs(dataDir, shard, compressions[index] ?? "none"));
        if (isMeasured) await measureAll(dataDir);
        const expected: string[] = [];
        const kept: Buffer[][] = [];
        for (const [index, name] of names.entries()) {
          const lines = readShardLines(dataDir, name);
          const here = new Map(wanted.filter(({ shard }) => shard === index).map((harm) => [harm.line, harm]));
          const harmed = lines.map((line, at) => {
            const { harm, share } = here.get(at) ?? {};
            const change = HARMS[harm ?? ""];
            if (change === undefined || share === undefined) return line;
            return Buffer.concat([
              change(line.subarray(0, -1), Math.floor(share * (line.length - 1))),
              Buffer.from("\n"),
            ]);
          });
          writeShardLines(dataDir, name, harmed);
          let offset = 0;
          for (const [at, line] of harmed.entries()) {
            if (here.has(at)) expected.push(`${name} ${at + 1} ${offset}`);
            offset += line.length;
          }
          kept.push(lines.filter((_, at) => KEEPS.has(here.get(at)?.harm ?? "mark")));
        }
        const found = await verify(dataDir);
        expect(found.damage.map(({ file, line, offset }) => `${file} ${line} ${offset}`)).toEqual(expected);
        await repairLog({ dataDir, clock: systemClock, accept: false });
        expect(names.map((name) => readShardLines(dataDir, name))).toEqual(kept);
        expect((await verify(dataDir)).damage).toEqual([]);
        expect(readdirSync(dataDir).filter((name) => name.endsWith(".tmp"))).toEqual([]);
      } finally {
        rmSync(dataDir, { recursive: true });
      }
    }),
    { numRuns: isLong ? 500 : 15 },
  );
}, 600_000);
