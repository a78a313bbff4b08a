import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, it, onTestFinished } from "vitest";
import { MANIFEST_FILE, readManifest, type ShardFacts, withoutShard, withShard, writeManifest } from "./manifest.ts";

const FACTS: ShardFacts = { sha256: "ab".repeat(32), bytes: 10, lines: 1, first: "w1/start/0", generation: 0 };

let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "passerby-manifest-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true }));
});

it("comes back as it was written, for its owner only", () => {
  const manifest = withShard(readManifest(dataDir), "metrics-2026-11-24.1.jsonl", FACTS);
  writeManifest(dataDir, manifest);
  expect(readManifest(dataDir)).toEqual(manifest);
  expect(statSync(join(dataDir, MANIFEST_FILE)).mode & 0o777).toBe(0o600);
});

it("remembers the highest number of a deleted shard", () => {
  const names = ["metrics-2026-11-24.2.jsonl", "metrics-2026-11-24.1.jsonl"];
  const whole = names.reduce((manifest, name) => withShard(manifest, name, FACTS), readManifest(dataDir));
  writeManifest(dataDir, names.reduce(withoutShard, whole));
  const { shards, lastNumbers } = readManifest(dataDir);
  expect(shards.size).toBe(0);
  expect([...lastNumbers]).toEqual([["metrics-2026-11-24.0.jsonl", 2]]);
});

it.each([["no JSON"], ["{}"], ['{"shards":{"a":{}},"last_numbers":{}}']])("says that %s is not one", (text) => {
  writeFileSync(join(dataDir, MANIFEST_FILE), text);
  expect(() => readManifest(dataDir)).toThrow("is not a manifest of ours");
});
