/** What is in a backup and what is not, what a second one copies, and how deletions and erasures reach it. */
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeEach, describe, expect, it } from "vitest";
import { backupOptions, eraseFirstLine, holdsText, linesOf, writeShard } from "../../../test/fault/backup-fixtures.ts";
import { makeFolder, openTestLog } from "../../../test/fault/log-fixtures.ts";
import { makeEvent } from "../../../test/fault/make-event.ts";
import { PasserbyError } from "../../errors.ts";
import { readManifest, withoutShard, withShard, writeManifest } from "../../log/files/manifest.ts";
import { measureShard } from "../../log/read/measure-shard.ts";
import { readRecord } from "./backup-record.ts";
import { originalName } from "./copy-names.ts";
import { type BackupOptions, type BackupReport, makeBackup } from "./make-backup.ts";

const FIRST = "metrics-2026-11-23.1.jsonl";
const SECOND = "metrics-2026-11-23.2.jsonl";

let dataDir = "";
let folder = "";

beforeEach(() => {
  dataDir = makeFolder();
  folder = join(makeFolder(), "backup");
  writeShard(dataDir, FIRST, ["a1", "a2"]);
  writeShard(dataDir, SECOND, ["b1"]);
});

function backUp(changes: Partial<BackupOptions> = {}): Promise<BackupReport> {
  return makeBackup({ ...backupOptions(dataDir, folder), ...changes });
}

function originals(): readonly string[] {
  return readdirSync(folder)
    .map((file) => originalName(file) ?? file)
    .toSorted();
}

async function noteInManifest(shard: string): Promise<void> {
  const facts = { ...(await measureShard(join(dataDir, shard))), generation: 0 };
  writeManifest(dataDir, withShard(readManifest(dataDir), shard, facts));
}

describe("a backup", () => {
  it("holds the log and what belongs to it, for its owner only", async () => {
    const others = [
      "metrics-import-spring.json",
      "ledger-2026-11-23.jsonl",
      "ledger-2026-11-23.w2.jsonl",
      "control.json",
      "control-audit.jsonl",
      "erasure-2026-11-24-0a1b2c3d.json",
    ];
    for (const name of others) writeFileSync(join(dataDir, name), "{}\n", { mode: 0o644 });
    chmodSync(join(dataDir, FIRST), 0o644);
    writeShard(dataDir, "metrics-import-spring-1.jsonl", ["i1"]);
    expect(await backUp()).toMatchObject({ finished: true, copied: 3, kept: 0, lines: 4, problems: [] });
    expect(originals()).toEqual([...others, FIRST, SECOND, "metrics-import-spring-1.jsonl", "backup.json"].toSorted());
    const modes = readdirSync(folder).map((name) => statSync(join(folder, name)).mode & 0o777);
    expect([...new Set(modes), statSync(folder).mode & 0o777]).toEqual([0o600, 0o700]);
  });

  it("holds no salt, key, session, id, store, socket or half-written file", async () => {
    const secret = "c2VjcmV0LXNhbHQ";
    const names = [
      "salt-2026-11-24",
      "salt-record.jsonl",
      "keys.json",
      "sessions.json",
      "dedup-ids.bin",
      "dedup-ids.w2.bin",
      "store.duckdb",
      "store.duckdb.wal",
      "store-set-aside-1.duckdb",
      "metrics-torn-2026-11-23-w1-0-abc.jsonl",
      "metrics-import-a.x.tmp",
      "ledger-2026-11-23.jsonl.tmp",
      "control.json.1.tmp",
      "rotator.json",
      "notes.txt",
    ];
    for (const name of names) writeFileSync(join(dataDir, name), secret);
    await openTestLog(dataDir);
    await backUp();
    expect(holdsText(dataDir, secret)).toBe(true);
    expect(holdsText(folder, secret)).toBe(false);
    expect(originals()).toEqual(["backup.json", FIRST, SECOND].toSorted());
  });

  it("copies a shard once, even when it is compressed or noted in the manifest since", async () => {
    await backUp();
    writeFileSync(join(dataDir, `${FIRST}.gz`), gzipSync(readFileSync(join(dataDir, FIRST))));
    unlinkSync(join(dataDir, FIRST));
    await noteInManifest(SECOND);
    await noteInManifest(`${FIRST}.gz`);
    writeManifest(dataDir, {
      ...readManifest(dataDir),
      shards: new Map([...readManifest(dataDir).shards].map(([name, facts]) => [name.replace(".gz", ""), facts])),
    });
    writeShard(dataDir, "metrics-2026-11-24.1.jsonl", ["c1"]);
    expect(await backUp()).toMatchObject({ copied: 1, kept: 2, deleted: 0, lines: 4, problems: [] });
    expect(await backUp()).toMatchObject({ copied: 0, copiedBytes: 0, kept: 3, problems: [] });
  });

  it("copies a compressed shard as it is stored", async () => {
    writeFileSync(join(dataDir, `${FIRST}.gz`), gzipSync(readFileSync(join(dataDir, FIRST))));
    unlinkSync(join(dataDir, FIRST));
    expect(await backUp()).toMatchObject({ copied: 2, lines: 3, problems: [] });
    expect(await backUp()).toMatchObject({ copied: 0, kept: 2 });
    expect(originals()).toContain(`${FIRST}.gz`);
  });

  it("replaces a shard of which something was erased, in every form", async () => {
    await backUp();
    expect(holdsText(folder, '"a1"')).toBe(true);
    await eraseFirstLine(dataDir, FIRST);
    expect(await backUp()).toMatchObject({ copied: 1, rewritten: 1, kept: 1, lines: 3, problems: [] });
    expect([holdsText(folder, '"a1"'), holdsText(folder, '"a2"')]).toEqual([false, true]);
    expect(readRecord(folder)?.shards.get(FIRST)?.generation).toBe(1);
  });

  it("deletes what the rotator has deleted, and what is past its retention", async () => {
    writeFileSync(join(dataDir, "ledger-2026-11-23.jsonl"), "{}\n");
    await backUp();
    unlinkSync(join(dataDir, SECOND));
    writeManifest(dataDir, withoutShard(readManifest(dataDir), SECOND));
    unlinkSync(join(dataDir, "ledger-2026-11-23.jsonl"));
    // Numbers up to 2 are taken, so the first one may have been deleted, too; it is still there.
    expect(await backUp()).toMatchObject({ copied: 0, kept: 1, deleted: 1, lines: 2, problems: [] });
    unlinkSync(join(dataDir, FIRST));
    writeManifest(dataDir, { shards: new Map(), lastNumbers: new Map() });
    const late = { now: () => Date.parse("2026-12-24T12:00Z"), monotonicMs: () => 0, randomBytes: Buffer.alloc };
    expect(await backUp({ retentionDays: 30, clock: late })).toMatchObject({ deleted: 1, lines: 0, problems: [] });
    expect(originals()).toEqual(["backup.json"]);
  });

  it("keeps what the data directory has lost, and says so", async () => {
    await backUp();
    dataDir = join(dataDir, "none");
    await expect(backUp()).rejects.toMatchObject({ code: "data_dir_unusable" });
    dataDir = makeFolder();
    const { problems, ...report } = await backUp();
    expect(report).toMatchObject({ finished: true, copied: 0, deleted: 0, lines: 3 });
    expect(problems).toEqual([
      `${FIRST}, ${SECOND}: gone from the data directory, though nobody has deleted it; 2 of 2 kept in the backup`,
    ]);
  });

  it("keeps its copy of a shard that is damaged in the data directory", async () => {
    await noteInManifest(FIRST);
    await backUp();
    const copy = readRecord(folder)?.shards.get(FIRST)?.file ?? "";
    writeFileSync(join(dataDir, FIRST), linesOf("other", ["x1", "x2"]));
    writeFileSync(join(dataDir, SECOND), linesOf("other", ["x3", "x4"]));
    rmSync(join(folder, copy));
    writeShard(dataDir, "metrics-2026-11-24.1.jsonl", ["c1"]);
    const { problems } = await backUp();
    expect(problems).toEqual([
      `${FIRST} does not hold what the manifest says: passerby verify shows the damage`,
      `${SECOND} is another one than in the backup, and no erasure says why`,
    ]);
    expect([holdsText(folder, '"b1"'), holdsText(folder, '"x3"'), holdsText(folder, '"c1"')]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it("touches no file that is not its own", async () => {
    await backUp();
    const foreign = ["notes.txt", "metrics-2026-11-23.1.jsonl", "0123456789ab-keys.json", "backup.json.old"];
    for (const name of foreign) writeFileSync(join(folder, name), "foreign");
    await eraseFirstLine(dataDir, FIRST);
    await backUp();
    expect(foreign.map((name) => readFileSync(join(folder, name), "utf8"))).toEqual(foreign.map(() => "foreign"));
  });

  it("waits for another one, and both finish", async () => {
    writeFileSync(join(dataDir, "control.json"), "{}");
    const reports = await Promise.all([backUp(), backUp(), backUp()]);
    expect(reports.map(({ finished, problems }) => [finished, problems])).toEqual(Array(3).fill([true, []]));
    expect(reports.map(({ copied }) => copied).toSorted()).toEqual([0, 0, 2]);
  });

  it.each([["backup"], ["."], ["a/b"]])("is refused in %s of the data directory", async (inside) => {
    folder = join(dataDir, inside);
    await expect(backUp()).rejects.toMatchObject({ code: "backup_unusable" });
    expect(existsSync(join(dataDir, "backup.json"))).toBe(false);
  });

  it.each([["no JSON"], ["{}"], ['{"v":2}']])("is refused in a folder whose backup.json is %s", async (text) => {
    await backUp();
    writeFileSync(join(folder, "backup.json"), text);
    await expect(backUp()).rejects.toMatchObject({ code: "backup_unusable" });
  });
});

describe("a backup of what is being written", () => {
  it("seals it where no collector runs, without its torn last line", async () => {
    writeFileSync(join(dataDir, "metrics.jsonl"), `${linesOf("start", ["n1", "n2"])}{"v":1,"to`);
    expect(await backUp()).toMatchObject({ copied: 3, lines: 5, problems: [] });
    expect(existsSync(join(dataDir, "metrics.jsonl"))).toBe(false);
    expect(originals()).toContain("metrics-2026-11-23.3.jsonl");
  });

  it("holds every line that a collector which cannot seal has acknowledged, each once when it is sealed", async () => {
    const log = await openTestLog(dataDir);
    await log.append([makeEvent("n1"), makeEvent("n2")]);
    expect(await backUp()).toMatchObject({ copied: 3, lines: 5, problems: [] });
    expect(originals()).toContain("metrics.jsonl");
    await log.append([makeEvent("n3")]);
    expect(await backUp()).toMatchObject({ copied: 1, lines: 6, problems: [] });
    await log.close();
    expect(await backUp()).toMatchObject({ copied: 1, lines: 6, problems: [] });
    expect(originals()).not.toContain("metrics.jsonl");
  });

  it("asks a collector that can seal to do so", async () => {
    let asked = 0;
    const seal = async () => {
      asked += 1;
      writeShard(dataDir, "metrics-2026-11-23.3.jsonl", ["n1"]);
      return { sealed: ["metrics-2026-11-23.3.jsonl"] };
    };
    const log = await openTestLog(dataDir, { commands: { seal } });
    await log.append([makeEvent("n2")]);
    expect(await backUp()).toMatchObject({ copied: 3, lines: 4, problems: [] });
    expect([asked, originals().includes("metrics.jsonl")]).toEqual([1, false]);
  });

  it("asks again while the collector starts", async () => {
    let asked = 0;
    const seal = async () => {
      asked += 1;
      if (asked < 3) throw new PasserbyError("log_unavailable", "still starting");
      return { sealed: [] };
    };
    await openTestLog(dataDir, { commands: { seal } });
    expect(await backUp()).toMatchObject({ finished: true, problems: [] });
    expect(asked).toBe(3);
  });

  it("copies the whole lines of a collector that fails to seal, and warns", async () => {
    const warnings: string[] = [];
    const seal = async () => {
      throw new Error("no");
    };
    const log = await openTestLog(dataDir, { commands: { seal } });
    await log.append([makeEvent("n1")]);
    const onWarning = (warning: string): void => {
      warnings.push(warning);
    };
    expect(await backUp({ onWarning })).toMatchObject({ copied: 3, lines: 4 });
    expect(warnings).toEqual([expect.stringContaining("could not seal")]);
  });
});
