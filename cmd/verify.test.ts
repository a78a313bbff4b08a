import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FILE_DAMAGE, LINE_DAMAGE, ORDER_DAMAGE } from "../src/log/verify/findings.ts";
import { CANARY, SHARD, writeLogFiles } from "../test/fault/verify-fixtures.ts";
import { COMMAND } from "../test/support/command.ts";
import { verifyCommand } from "./verify.ts";

const dataDir = mkdtempSync(join(tmpdir(), "passerby-verify-"));

beforeAll(() => writeLogFiles(dataDir, 5));
afterAll(() => rmSync(dataDir, { recursive: true }));

type Ran = { readonly code: unknown; readonly out: string; readonly err: string };

async function run(args: readonly string[]): Promise<Ran> {
  const env = { PATH: process.env["PATH"], METRICS_DATA_DIR: dataDir };
  const child = spawn(process.execPath, [COMMAND, "verify", ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { code, out, err };
}

describe("passerby verify", () => {
  it("ends with 0 for a sound log, with 1 for a damaged one, and with 0 when it is repaired", async () => {
    const sound = await run([]);
    expect(sound).toMatchObject({ code: 0, err: "" });
    expect(sound.out).toMatch(
      /^4 files, [\d.]+ MB, 20 lines: 20 events, 3 shards not measured yet\nThe log is sound\.\n$/,
    );

    const lines = readFileSync(join(dataDir, SHARD), "utf8").split("\n");
    const [first = "", second = "", ...rest] = lines;
    writeFileSync(join(dataDir, SHARD), [first, second.slice(0, 150), ...rest].join("\n"));
    const damaged = await run([]);
    expect(damaged.code).toBe(1);
    expect(damaged.out).toContain(`${SHARD} line 2, byte ${first.length + 1}: not_json: the line is not JSON\n`);
    expect(damaged.out).toMatch(/The log is damaged: 1 damage found\.\n$/);

    const json = await run(["--json"]);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({
      ok: false,
      totals: { files: 4, lines: 20, events: 19, erased: 0, newer_version: 0, lost: 1, damage: 1 },
      damage: [{ file: SHARD, line: 2, offset: first.length + 1, kind: "not_json" }],
      notes: [],
    });

    const repaired = await run(["--repair"]);
    expect(repaired.code).toBe(0);
    expect(repaired.out).toMatch(
      /^repair: metrics-2026-11-23\.2\.jsonl: rewritten without 1 damage; moved aside to metrics-torn-2026-11-23-w1\.2-/,
    );
    expect(repaired.out).toMatch(/The log is sound\.\n$/);
    for (const { out } of [sound, damaged, json, repaired]) expect(out).not.toContain(CANARY);
  });

  it.each([
    [["--from", "2026-02-30"], "--from 2026-02-30 is not allowed"],
    [["--from", "2026-11-24", "--to", "2026-11-23"], "--from is behind --to"],
    [["--accept"], "--accept goes with --repair"],
    [["--data-dir", "/nowhere"], "there is no data directory /nowhere"],
    [["--fast"], "unknown option"],
  ])("refuses %j with 2 and one line", async (args, message) => {
    const { code, out, err } = await run(args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(message);
  });
});

describe("docs/reference/verifying.md", () => {
  const page = readFileSync(new URL("../docs/reference/verifying.md", import.meta.url), "utf8");

  it("has every kind of damage, and no other", () => {
    const rows = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, kind]) => kind);
    expect(rows).toEqual([...LINE_DAMAGE, ...ORDER_DAMAGE, ...FILE_DAMAGE]);
  });

  it("has the flags of the command, all of them and no other", () => {
    const flags = new Set(verifyCommand().options.map(({ long }) => long));
    expect(new Set(page.match(/(?<![\w-])--(?!help|once)[a-z][a-z-]+/g))).toEqual(flags);
  });
});
