import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { makeEvent } from "../../../test/fault/make-event.ts";
import { encodeLines } from "../../log/write/encode-line.ts";
import { checkStored } from "./check-stored.ts";

const ERASED = '{"v":1,"seq":2,"writer":"w1","start":"s","erased":true}\n';
const ALL = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, site: null };

it.each([
  [2, "", 0, []],
  [3, "", 0, [{ stored: 3, inLog: 2 }]],
  [3, ERASED, 1, []],
  [4, ERASED, 1, [{ stored: 4, inLog: 2 }]],
  [1, ERASED, 1, [{ stored: 1, inLog: 2 }]],
])("of %i stored and two in the log, what %j explains is no difference", async (stored, more, erased, differences) => {
  const dataDir = mkdtempSync(join(tmpdir(), "passerby-check-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true }));
  const lines = encodeLines([makeEvent("1"), makeEvent("2")], { writer: "w1", start: "s", seq: 0 });
  writeFileSync(join(dataDir, "metrics-2026-11-23.1.jsonl"), lines + more);
  const rows = [{ from: "2026-11-23T09:00:00.000Z", site: "example.com", stored }];
  const check = await checkStored(dataDir, rows, ALL);
  expect(check).toMatchObject({ events: 2, erased, differences });
  expect(check.differences).toHaveLength(differences.length);
});
