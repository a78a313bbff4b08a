/** A rotator that is killed at any step, has no room, or meets what is not its own: every line stays there once. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { readManifest } from "../../src/log/files/manifest.ts";
import { claimShards } from "../../src/log/owner/ownership.ts";
import { keepRotating } from "../../src/log/rotate/keep-rotating.ts";
import { rotateOnce } from "../../src/log/rotate/rotator.ts";
import { readRotatorState } from "../../src/log/rotate/rotator-state.ts";
import { isLong } from "../means.ts";
import { makeFolder } from "./log-fixtures.ts";
import { findWrong, inPairs } from "./rotate-audit.ts";
import { fillFolder, importRecord, KEPT, linesOf, NOW, POLICY, readState, rotateOptions } from "./rotate-fixtures.ts";
import { hasTmpfs, mountTmpfs } from "./tmpfs.ts";

const PROCESS = fileURLToPath(new URL("./rotate-process.ts", import.meta.url));

/** Runs the rotator in a process of its own; returns the signal that it died of. */
async function runProcess(dataDir: string, killAt: number): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [PROCESS, dataDir, String(killAt)], { stdio: "inherit" });
  const [code, signal] = await once(child, "close");
  if (signal === null) expect(code).toBe(0);
  return signal;
}

const WELL = { signal: "SIGKILL", between: [], after: [], errors: [], isSame: true };

describe("a rotator that is killed", () => {
  it("after any step has every line once for readers, and the next run ends as one that was not", async () => {
    const whole = makeFolder();
    fillFolder(whole);
    const steps: string[] = [];
    const { counts, errors } = await rotateOnce(rotateOptions(whole, { onStep: (step) => steps.push(step) }));
    expect(errors).toEqual([]);
    expect(counts).toEqual({ sealed: 1, deleted: 4, measured: 8, settled: 2, compressed: 3 });
    const end = readState(whole);
    const wrong: unknown[] = [];
    const chosen = [...steps.keys()].filter((index) => isLong || index % 5 === 0);
    await inPairs(chosen.values(), async (index) => {
      const dataDir = makeFolder();
      fillFolder(dataDir);
      const signal = await runProcess(dataDir, index + 1);
      const between = await findWrong(dataDir, KEPT);
      const next = await rotateOnce(rotateOptions(dataDir));
      const after = await findWrong(dataDir, KEPT);
      const isSame = JSON.stringify(readState(dataDir)) === JSON.stringify(end);
      const outcome = { signal, between, after, errors: next.errors, isSame };
      if (!isDeepStrictEqual(outcome, WELL)) wrong.push({ step: steps[index], ...outcome });
    });
    expect(wrong).toEqual([]);
    expect(steps.length).toBeGreaterThan(30);
    console.log(`${steps.length} step boundaries: ${[...new Set(steps)].join(", ")}`);
  }, 120_000);

  it("leaves no claim behind: the next one begins at once", async () => {
    const dataDir = makeFolder();
    fillFolder(dataDir);
    expect(await runProcess(dataDir, 1)).toBe("SIGKILL");
    expect(readdirSync(dataDir)).toContain("rotator.sock");
    expect((await rotateOnce(rotateOptions(dataDir))).errors).toEqual([]);
    expect(readdirSync(dataDir).filter((name) => name.endsWith(".sock"))).toEqual([]);
  });
});

describe("two rotators", () => {
  it("that run again and again on one folder are one: the second is refused", async () => {
    const dataDir = makeFolder();
    fillFolder(dataDir);
    const stopping = new AbortController();
    const { promise: firstRun, resolve: onReport } = Promise.withResolvers<unknown>();
    const options = { ...rotateOptions(dataDir), intervalSeconds: 300, onSkipped: () => undefined };
    const first = keepRotating({ ...options, signal: stopping.signal, onReport });
    await firstRun;
    const second = keepRotating({ ...options, signal: stopping.signal, onReport });
    await expect(second).rejects.toMatchObject({
      code: "shards_owned",
      message: expect.stringContaining("one is enough"),
    });
    const other = await claimShards(dataDir, systemClock); // Between two runs the shards are free for others.
    await other.release();
    stopping.abort();
    await first;
    expect(readdirSync(dataDir).filter((name) => name.endsWith(".sock"))).toEqual([]);
  });

  it("that run once at the same moment do the work once", async () => {
    const dataDir = makeFolder();
    fillFolder(dataDir);
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => rotateOnce(rotateOptions(dataDir))));
    const refused = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason.code] : []));
    expect(refused.length).toBeLessThan(3);
    expect(refused.every((code) => code === "shards_owned")).toBe(true);
    expect(await findWrong(dataDir, KEPT)).toEqual([]);
  });
});

describe("what is not the rotator's", () => {
  it("stays as it is: links, folders, foreign names, and days that do not exist", async () => {
    const dataDir = makeFolder();
    const outside = join(makeFolder(), "outside.jsonl");
    writeFileSync(outside, linesOf("2026-10-01", "outside"));
    symlinkSync(outside, join(dataDir, "metrics-2026-10-01.1.jsonl"));
    symlinkSync(outside, join(dataDir, "metrics-2026-11-01.1.jsonl.gz"));
    mkdirSync(join(dataDir, "metrics-2026-10-02.1.jsonl"));
    const kept = [
      "notes.txt",
      "metrics-2026-10-01.jsonl.bak",
      "metrics-2026-13-45.1.jsonl",
      "metrics-2026-02-30.1.jsonl",
    ];
    for (const name of [...kept, "mymetrics-2026-10-01.jsonl.tmp.gz"]) writeFileSync(join(dataDir, name), "mine\n");
    const plain = "metrics-2026-11-01.1.jsonl";
    writeFileSync(join(dataDir, plain), linesOf("2026-11-01", "plain"));
    const names = readdirSync(dataDir);
    const { errors, warnings, counts } = await rotateOnce(rotateOptions(dataDir));
    expect(errors).toEqual([expect.stringMatching(/^metrics-2026-11-01\.1\.jsonl: EEXIST/)]);
    expect(warnings.map((warning) => warning.split(" ")[0])).toEqual([
      "metrics-2026-02-30.1.jsonl",
      "metrics-2026-13-45.1.jsonl",
    ]);
    expect(counts).toMatchObject({ deleted: 0, compressed: 0 });
    expect(readdirSync(dataDir)).toEqual([...names, "manifest.json", "rotator.json"].toSorted());
    expect(readFileSync(outside, "utf8")).toBe(linesOf("2026-10-01", "outside"));
    expect(readlinkSync(join(dataDir, `${plain}.gz`))).toBe(outside);
  });

  it("is an import without an end, and one whose record is damaged", async () => {
    const dataDir = makeFolder();
    writeFileSync(join(dataDir, "metrics-import-b-1.jsonl"), linesOf("2020-01-01", "b"));
    writeFileSync(join(dataDir, "metrics-import-b.json"), "{");
    const { warnings } = await rotateOnce(rotateOptions(dataDir));
    expect(warnings).toEqual([expect.stringContaining("metrics-import-b.json cannot be read")]);
    writeFileSync(join(dataDir, "metrics-import-b.json"), importRecord("metrics-import-b-1.jsonl", "2020-01-01", null));
    await rotateOnce(rotateOptions(dataDir));
    expect(await findWrong(dataDir, ["b"])).toEqual([]);
  });

  it("is a shard that is not what the manifest says: it is kept, and the run fails", async () => {
    const dataDir = makeFolder();
    const path = join(dataDir, "metrics-2026-11-01.1.jsonl");
    writeFileSync(path, linesOf("2026-11-01", "a"));
    await rotateOnce(rotateOptions(dataDir, { policy: { ...POLICY, gzipAfterDays: 30 } }));
    writeFileSync(path, linesOf("2026-11-01", "b"));
    const { errors } = await rotateOnce(rotateOptions(dataDir));
    expect(errors).toEqual([expect.stringContaining("is not what the manifest says, and stays as it is")]);
    expect(readFileSync(path, "utf8")).toBe(linesOf("2026-11-01", "b"));
    expect(existsSync(`${path}.tmp.gz`)).toBe(false);
  });
});

describe("a shard that was compressed", () => {
  it.each([
    ["gzip", ".gz", gunzipSync],
    ["zstd", ".zst", zstdDecompressSync],
  ] as const)(
    "with %s has the same lines, for its owner only, and stays in the manifest",
    async (compress, end, expand) => {
      const dataDir = makeFolder();
      const shard = "metrics-2026-11-01.1.jsonl";
      const lines = linesOf("2026-11-01", ...Array.from({ length: 5_000 }, (_, index) => `e${index}`));
      writeFileSync(join(dataDir, shard), lines);
      const { bytes } = await rotateOnce(rotateOptions(dataDir, { policy: { ...POLICY, compress } }));
      const compressed = join(dataDir, `${shard}${end}`);
      expect(expand(readFileSync(compressed)).toString()).toBe(lines);
      expect(existsSync(join(dataDir, shard))).toBe(false);
      expect(statSync(compressed).mode & 0o777).toBe(0o600);
      expect(bytes).toEqual({ before: lines.length, after: statSync(compressed).size });
      expect(readManifest(dataDir).shards.get(shard)).toMatchObject({
        bytes: lines.length,
        lines: 5_000,
        generation: 0,
      });
    },
  );
});

describe("the manifest", () => {
  it("keeps the number of a deleted shard, so that its name is not used again", async () => {
    const dataDir = makeFolder();
    fillFolder(dataDir);
    await rotateOnce(rotateOptions(dataDir));
    expect(readManifest(dataDir).lastNumbers.get("metrics-2026-10-02.0.jsonl")).toBe(7);
  });
});

describe.skipIf(!hasTmpfs)("a rotator on a full disk [needs tmpfs]", () => {
  it("keeps the plain file, says so, and compresses when there is room", async () => {
    const dataDir = mountTmpfs("2m");
    const ids = Array.from({ length: 1_500 }, (_, index) => `e${index}`);
    writeFileSync(join(dataDir, "metrics-2026-11-01.1.jsonl"), linesOf("2026-11-01", ...ids));
    const ballast = join(dataDir, "ballast");
    fillUp(ballast);
    const full = await rotateOnce(rotateOptions(dataDir));
    expect(full.errors.join("\n")).toMatch(/ENOSPC/);
    expect(await findWrong(dataDir, ids)).toEqual([]);
    expect(readdirSync(dataDir)).toEqual(["ballast", "metrics-2026-11-01.1.jsonl"]);
    writeFileSync(ballast, "");
    expect((await rotateOnce(rotateOptions(dataDir))).errors).toEqual([]);
    expect(readdirSync(dataDir)).toContain("metrics-2026-11-01.1.jsonl.gz");
    expect(await findWrong(dataDir, ids)).toEqual([]);
  });

  it("deletes what is old all the same, and makes room by that", async () => {
    const dataDir = mountTmpfs("2m");
    const ids = Array.from({ length: 500 }, (_, index) => `e${index}`);
    writeFileSync(join(dataDir, "metrics-2026-10-01.4.jsonl"), linesOf("2026-10-01", ...ids));
    writeFileSync(join(dataDir, "metrics-2026-11-01.1.jsonl"), linesOf("2026-11-01", "kept"));
    fillUp(join(dataDir, "ballast"));
    expect((await rotateOnce(rotateOptions(dataDir))).errors).toEqual([]);
    expect(readdirSync(dataDir)).not.toContain("metrics-2026-10-01.4.jsonl");
    expect(readManifest(dataDir).lastNumbers.get("metrics-2026-10-01.0.jsonl")).toBe(4);
    expect(await findWrong(dataDir, ["kept"])).toEqual([]);
  });
});

/** Writes until the disk takes no byte more. */
function fillUp(path: string): void {
  for (const bytes of [65_536, 4_096, 1]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(bytes), { flag: "a" });
    } catch {
      // It is full for pieces of this size.
    }
  }
}

describe("a clock that was set back", () => {
  it("deletes nothing, says why, and the run is no failure", async () => {
    const dataDir = makeFolder();
    fillFolder(dataDir);
    const clock = { ...systemClock, now: () => NOW - 40 * 86_400_000 };
    const { counts, warnings, errors } = await rotateOnce(rotateOptions(dataDir, { clock }));
    expect([counts.deleted, errors]).toEqual([0, []]);
    expect(warnings).toEqual([expect.stringContaining("nothing is deleted until the clock is right")]);
    expect(await findWrong(dataDir, [...KEPT, "old-1", "old-2", "import-old"])).toEqual([]);
  });
});

describe("rotator.json", () => {
  it("has the last success, also after a run that failed, and the flags in force", async () => {
    const dataDir = makeFolder();
    const path = join(dataDir, "metrics-2026-11-01.1.jsonl");
    writeFileSync(path, linesOf("2026-11-01", "a"));
    const first = { ...systemClock, now: () => NOW - 60_000 };
    await rotateOnce(
      rotateOptions(dataDir, { clock: first, policy: { ...POLICY, gzipAfterDays: 30 }, intervalSeconds: 60 }),
    );
    writeFileSync(path, "changed\n");
    await rotateOnce(rotateOptions(dataDir, { intervalSeconds: 60 }));
    expect(readRotatorState(dataDir)).toEqual({ lastRunMs: NOW, lastSuccessMs: NOW - 60_000, intervalSeconds: 60 });
    expect(JSON.parse(readFileSync(join(dataDir, "rotator.json"), "utf8"))).toMatchObject({
      pid: process.pid,
      flags: { interval_seconds: 60, gzip_after_days: 3, delete_after_days: 30, max_mb: 1, compress: "gzip" },
      errors: [expect.stringContaining("metrics-2026-11-01.1.jsonl")],
    });
  });
});
