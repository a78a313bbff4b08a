/** What a run of the rotator is to do, by days in names, whatever the clock and the folder say. */
import { describe, expect, it } from "vitest";
import type { Manifest } from "../files/manifest.ts";
import type { FoundShard } from "./find-files.ts";
import { isPast, type PlanFacts, planRotation } from "./plan.ts";

const FACTS = { sha256: "0", bytes: 1, lines: 1, first: null, generation: 0 };
const EMPTY: Manifest = { shards: new Map(), lastNumbers: new Map() };

/** `metrics-2026-11-20.1.jsonl.gz` and the like; of two forms of one shard the plain one first. */
function shardsOf(...names: readonly string[]): readonly FoundShard[] {
  return [...Map.groupBy(names, (name) => name.replace(/\.gz$/, ""))].map(([shard, ofShard]) => ({
    shard,
    day: /\d{4}-\d{2}-\d{2}/.exec(shard)?.[0],
    forms: ofShard.map((name) => ({ name, compression: name.endsWith(".gz") ? "gzip" : "none", bytes: 10 })),
  }));
}

function plan(shards: readonly FoundShard[], changes: Partial<PlanFacts> & { torn?: readonly string[] } = {}) {
  const torn = (changes.torn ?? []).map((day) => ({ name: `metrics-torn-${day}-w1-0-a.jsonl`, day, bytes: 5 }));
  const found = { shards, torn, strange: [] };
  const policy = { gzipAfterDays: 3, deleteAfterDays: 30, maxBytes: 1, compress: "gzip" } as const;
  const nowMs = Date.parse("2026-11-24T12:00:00Z");
  const planned = planRotation({ manifest: EMPTY, imports: new Map(), nowMs, policy, ...changes, found });
  return {
    deleted: planned.deletions.flatMap(({ files }) => files),
    measured: planned.measurements.map(({ file }) => file),
    settled: planned.settlements.map(({ found: { shard } }) => shard),
    compressed: planned.compressions.map(({ shard }) => shard),
    warnings: planned.warnings,
    forgotten: planned.deletions.filter(({ files }) => files.length === 0).map(({ shard }) => shard),
  };
}

const shard = (day: string): string => `metrics-${day}.1.jsonl`;

describe("the plan of a rotation", () => {
  it("deletes a shard when its first event may be as old as the limit, and not a moment before", () => {
    const limit = Date.parse("2026-11-24T00:00:00Z");
    expect([isPast("2026-10-25", 30, limit - 1), isPast("2026-10-25", 30, limit)]).toEqual([false, true]);
  });

  it("deletes, compresses and leaves by the day in the name", () => {
    const days = ["2026-10-24", "2026-10-25", "2026-10-26", "2026-11-21", "2026-11-22", "2026-11-24"];
    const { deleted, compressed, measured } = plan(shardsOf(...days.map(shard)));
    expect(deleted).toEqual([shard("2026-10-24"), shard("2026-10-25")]);
    expect(compressed).toEqual([shard("2026-10-26"), shard("2026-11-21")]);
    expect(measured).toEqual([shard("2026-10-26"), shard("2026-11-21"), shard("2026-11-22"), shard("2026-11-24")]);
  });

  it("deletes every form of an old shard, and settles two forms of a younger one", () => {
    const [old, young] = [shard("2026-10-01"), shard("2026-11-01")];
    const { deleted, settled } = plan(shardsOf(old, `${old}.gz`, young, `${young}.gz`));
    expect([deleted, settled]).toEqual([[old, `${old}.gz`], [young]]);
  });

  it("deletes old quarantine by its day", () => {
    const { deleted } = plan([], { torn: ["2026-10-25", "2026-10-26"] });
    expect(deleted).toEqual(["metrics-torn-2026-10-25-w1-0-a.jsonl"]);
  });

  it("measures what the manifest does not have, and forgets what is too old and has gone", () => {
    const manifest = {
      ...EMPTY,
      shards: new Map([shard("2026-10-01"), shard("2026-11-24")].map((name) => [name, FACTS])),
    };
    const { measured, forgotten } = plan(shardsOf(shard("2026-11-23"), shard("2026-11-24")), { manifest });
    expect([measured, forgotten]).toEqual([[shard("2026-11-23")], [shard("2026-10-01")]]);
  });

  it("deletes a shard of an import by its own retention only, and compresses it by the day of the import", () => {
    const names = ["a-1", "b-1", "c-1", "d-1"].map((name) => `metrics-import-${name}.jsonl`);
    const imported = (time: string, keepDays: number | null) => ({ importedMs: Date.parse(time), keepDays });
    const imports = new Map([
      [names[0] ?? "", imported("2026-11-17T23:59:59Z", 7)],
      [names[1] ?? "", imported("2026-11-18T00:00:00Z", 7)],
      [names[2] ?? "", imported("2020-01-01T00:00:00Z", null)],
    ]);
    const { deleted, compressed } = plan(shardsOf(...names), { imports });
    expect([deleted, compressed]).toEqual([[names[0]], [names[1], names[2]]]);
  });

  it.each([
    ["2026-11-24", []],
    ["2026-11-25", []],
    ["2026-11-26", ["the clock says 2026-11-24, and there is a shard of 2026-11-26: nothing is deleted until"]],
  ])("with a newest shard of %s beside a clock of 2026-11-24 warns %j", (day, warned) => {
    const old = shard("2026-10-01");
    const { deleted, warnings, compressed } = plan(shardsOf(old, shard(day)));
    expect(warnings).toEqual(warned.map((text) => expect.stringContaining(text)));
    expect(deleted).toEqual(warned.length === 0 ? [old] : []);
    expect(compressed).not.toContain(shard(day));
  });
});
