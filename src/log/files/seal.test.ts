/** The names of shards: ordered, never used twice, whatever was deleted and however the clock was set. */
import { linkSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { makeFolder } from "../../../test/fault/log-fixtures.ts";
import { makeEvent } from "../../../test/fault/make-event.ts";
import { encodeLines } from "../write/encode-line.ts";
import { MANIFEST_FILE, readManifest, withoutShard, withShard, writeManifest } from "./manifest.ts";
import { sealActiveFile } from "./seal.ts";

const FACTS = { sha256: "ab", bytes: 1, lines: 1, first: null, generation: 0 };

let dataDir: string;
let warnings: string[];

beforeEach(() => {
  dataDir = makeFolder();
  warnings = [];
});

function seal(day: string): string | undefined {
  const events = [makeEvent("1", { receivedAt: `${day}T09:00:00.000Z` })];
  writeFileSync(join(dataDir, "metrics.jsonl"), encodeLines(events, { writer: "w1", start: "s", seq: 0 }));
  return sealActiveFile(dataDir, 1, (message) => warnings.push(message));
}

/** Deletes a shard as the rotator does: its number is noted first. */
function deleteShard(name: string): void {
  writeManifest(dataDir, withoutShard(readManifest(dataDir), name));
  rmSync(join(dataDir, name));
}

describe("the name of a sealed file", () => {
  it("has the next number of the day on which its first line was received", () => {
    const names = ["2026-11-24", "2026-11-24", "2026-11-25"].map(seal);
    expect(names).toEqual(["metrics-2026-11-24.1.jsonl", "metrics-2026-11-24.2.jsonl", "metrics-2026-11-25.1.jsonl"]);
    expect(warnings).toEqual([]);
  });

  it("is not that of a deleted shard, also when the clock was set back to its day", () => {
    for (const day of ["2026-11-24", "2026-11-24"]) seal(day);
    deleteShard("metrics-2026-11-24.2.jsonl");
    seal("2026-11-25");
    expect(seal("2026-11-24")).toBe("metrics-2026-11-24.3.jsonl");
    deleteShard("metrics-2026-11-24.3.jsonl");
    deleteShard("metrics-2026-11-24.1.jsonl");
    expect(seal("2026-11-24")).toBe("metrics-2026-11-24.4.jsonl");
  });

  it("is not that of a shard that the manifest knows and somebody has moved away", () => {
    writeManifest(dataDir, withShard(readManifest(dataDir), "metrics-2026-11-24.6.jsonl", FACTS));
    expect(seal("2026-11-24")).toBe("metrics-2026-11-24.7.jsonl");
  });

  it("goes by the names in the folder, with a warning, while the manifest cannot be read", () => {
    seal("2026-11-24");
    writeFileSync(join(dataDir, MANIFEST_FILE), "{");
    expect(seal("2026-11-24")).toBe("metrics-2026-11-24.2.jsonl");
    expect(warnings).toEqual([expect.stringMatching(/numbers of deleted shards are not known, .*is not a manifest/)]);
  });

  it("is the one that a seal which was cut short has given already", () => {
    seal("2026-11-24");
    linkSync(join(dataDir, "metrics-2026-11-24.1.jsonl"), join(dataDir, "metrics.jsonl"));
    expect(sealActiveFile(dataDir, 1)).toBe("metrics-2026-11-24.1.jsonl");
    expect(readdirSync(dataDir)).toEqual(["metrics-2026-11-24.1.jsonl"]);
  });
});
