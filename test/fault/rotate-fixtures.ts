/** A data directory in which a run of the rotator has all there is to do, and the runs that a test makes over it. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { systemClock } from "../../src/clock.ts";
import type { RotationPolicy } from "../../src/log/rotate/plan.ts";
import type { RotateOptions } from "../../src/log/rotate/rotator.ts";
import { encodeLines } from "../../src/log/write/encode-line.ts";
import { makeEvent } from "./make-event.ts";

export const NOW: number = Date.parse("2026-11-24T12:00:00Z");

export const POLICY: RotationPolicy = {
  gzipAfterDays: 3,
  deleteAfterDays: 30,
  maxBytes: 1_048_576,
  compress: "gzip",
};

/** What a run is given in tests: the day is fixed. */
export function rotateOptions(dataDir: string, changes: Partial<RotateOptions> = {}): RotateOptions {
  const clock = { ...systemClock, now: () => NOW };
  return { dataDir, clock, policy: POLICY, intervalSeconds: null, ...changes };
}

/** Returns lines of events with these ids, received at noon of a day; the same each time. */
export function linesOf(day: string, ...ids: readonly string[]): string {
  const receivedAt = `${day}T12:00:00.000Z`;
  const events = ids.map((id) => makeEvent(id, { receivedAt, timestamp: receivedAt, eventId: eventIdOf(id) }));
  return encodeLines(events, { writer: "w1", start: day, seq: 0 });
}

function eventIdOf(id: string): string {
  return `00000000-0000-7000-8000-${createHash("sha256").update(id).digest("hex").slice(0, 12)}`;
}

/** Ids of events that no run may lose. */
export const KEPT: readonly string[] = ["active-1", "young", "gz-only", "plain-1", "plain-2", "both", "cut", "import"];

/** Fills a folder: every kind of file, each in every state that a kill can leave. */
export function fillFolder(dataDir: string): void {
  const write = (name: string, content: string | Uint8Array): void =>
    writeFileSync(join(dataDir, name), content, { mode: 0o600 });
  write("metrics.jsonl", linesOf("2026-11-23", "active-1"));
  write("metrics-2026-10-01.1.jsonl", linesOf("2026-10-01", "old-1"));
  write("metrics-2026-10-02.7.jsonl.gz", gzipSync(linesOf("2026-10-02", "old-2")));
  write("metrics-torn-2026-10-03-w1-0-abc.jsonl", '{"v":1,"old');
  write("metrics-torn-2026-11-23-w1-0-abc.jsonl", '{"v":1,"young');
  write("metrics-2026-11-01.1.jsonl.gz", gzipSync(linesOf("2026-11-01", "gz-only")));
  write("metrics-2026-11-02.1.jsonl", linesOf("2026-11-02", "plain-1"));
  write("metrics-2026-11-02.2.jsonl", linesOf("2026-11-02", "plain-2"));
  write("metrics-2026-11-02.2.jsonl.tmp.gz", "half");
  write("metrics-2026-11-03.1.jsonl", linesOf("2026-11-03", "both"));
  write("metrics-2026-11-03.1.jsonl.gz", gzipSync(linesOf("2026-11-03", "both")));
  write("metrics-2026-11-04.1.jsonl", linesOf("2026-11-04", "cut"));
  write("metrics-2026-11-04.1.jsonl.gz", gzipSync(linesOf("2026-11-04", "cut")).subarray(0, 60));
  write("metrics-2026-11-23.1.jsonl", linesOf("2026-11-23", "young"));
  write("metrics-import-a-1.jsonl", linesOf("2020-01-01", "import"));
  write("metrics-import-b-1.jsonl", linesOf("2020-01-01", "import-old"));
  write("metrics-import-b.json", importRecord("metrics-import-b-1.jsonl", "2026-11-01T00:00:00.000Z", 7));
}

/** Returns the record that an import writes. */
export function importRecord(shard: string, importedAt: string, keepDays: number | null): string {
  const record = { shard, importedAt, site: "example.com", events: 1, sha256: "0", bytes: 1 };
  return JSON.stringify({ name: "b", keepDays, imports: [record] });
}

/** Every file of a folder with its content, but for what says when and by whom a run was made. */
export function readState(dataDir: string): Readonly<Record<string, string>> {
  const names = readdirSync(dataDir).filter((name) => name !== "rotator.json" && !name.endsWith(".sock"));
  return Object.fromEntries(names.toSorted().map((name) => [name, readFileSync(join(dataDir, name), "base64")]));
}
