import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { idOf, makeFolder, readLog } from "../../../test/fault/log-fixtures.ts";
import { makeEvent } from "../../../test/fault/make-event.ts";
import { encodeLines } from "../write/encode-line.ts";
import { settleActiveFiles } from "./settle-active-files.ts";

const lines = (id: string): string =>
  encodeLines([makeEvent(id, { receivedAt: "2026-11-23T09:00:00.000Z" })], { writer: "w3", start: "s", seq: 0 });

it("seals the files of writers that run no more, their torn tails aside, and leaves the others", async () => {
  const dataDir = makeFolder();
  writeFileSync(join(dataDir, "metrics.jsonl"), lines("first"));
  writeFileSync(join(dataDir, "metrics.w3.jsonl"), `${lines("third")}{"v":1,"se`);
  writeFileSync(join(dataDir, "metrics.w4.jsonl"), "");
  const warnings: string[] = [];
  settleActiveFiles({ dataDir, onWarning: (message) => warnings.push(message) }, new Set([1, 2]));
  const names = readdirSync(dataDir).map((name) => name.replace(/^(metrics-torn)-.*/, "$1"));
  expect(names.sort()).toEqual(["metrics-2026-11-23.w3.1.jsonl", "metrics-torn", "metrics.jsonl"]);
  const { events, problems } = await readLog(dataDir);
  expect([events.map(idOf).sort(), problems, warnings]).toEqual([["first", "third"], [], []]);
});
