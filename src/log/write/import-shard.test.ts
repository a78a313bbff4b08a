/** Shards of imports: all events under the dataset's name, or nothing. */
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { idOf, makeFolder, readLog } from "../../../test/fault/log-fixtures.ts";
import { makeEvent } from "../../../test/fault/make-event.ts";
import { hasTmpfs, mountTmpfs } from "../../../test/fault/tmpfs.ts";
import { systemClock } from "../../clock.ts";
import { readManifest, withoutShard, withShard, writeManifest } from "../files/manifest.ts";
import { writeImportShard } from "./import-shard.ts";

const clock = systemClock;

describe("an import shard", () => {
  it("holds all events with the dataset as writer, under the next free number", async () => {
    const dataDir = makeFolder();
    writeFileSync(join(dataDir, "metrics-import-old-log-4.jsonl.gz"), "");
    const batches = [[makeEvent("1"), makeEvent("2")], [], [makeEvent("3")]];
    const shard = await writeImportShard({ dataDir, dataset: "old-log", clock }, batches);
    const { files, events } = await readLog(dataDir);
    expect(files.slice(1)).toMatchObject([
      { name: "metrics-import-old-log-5.jsonl", kind: "import", dataset: "old-log" },
    ]);
    expect(events.map(idOf)).toEqual(["1", "2", "3"]);
    expect(events.map(({ writer, start, seq }) => ({ writer, start, seq }))).toEqual(
      [0, 1, 2].map((seq) => ({ writer: "import-old-log", start: shard?.start, seq })),
    );
    expect(shard).toMatchObject({ file: files[1]?.name, events: 3, bytes: files[1]?.bytes });
    expect(statSync(files[1]?.path ?? "").mode & 0o777).toBe(0o600);
  });

  it("gets no name that a deleted shard had, and none while it cannot be told which these were", async () => {
    const dataDir = makeFolder();
    const facts = { sha256: "0".repeat(64), bytes: 1, lines: 1, first: null, generation: 0 };
    const known = withShard(readManifest(dataDir), "metrics-import-a-6.jsonl", facts);
    writeManifest(dataDir, withoutShard(known, "metrics-import-a-8.jsonl"));
    const write = () => writeImportShard({ dataDir, dataset: "a", clock }, [[makeEvent("1")]]);
    expect(await write()).toMatchObject({ file: "metrics-import-a-9.jsonl" });
    expect(await write()).toMatchObject({ file: "metrics-import-a-10.jsonl" });
    writeFileSync(join(dataDir, "manifest.json"), "{");
    await expect(write()).rejects.toMatchObject({ code: "log_damaged" });
    expect(readdirSync(dataDir).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("is not there when the events end in an error, and leaves nothing behind", async () => {
    const dataDir = makeFolder();
    async function* fail() {
      yield [makeEvent("1")];
      throw new Error("the input ended in the middle");
    }
    await expect(writeImportShard({ dataDir, dataset: "a", clock }, fail())).rejects.toThrow("the input ended");
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it("is not made of no events", async () => {
    const dataDir = makeFolder();
    expect(await writeImportShard({ dataDir, dataset: "a", clock }, [])).toBeUndefined();
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it("is refused under a name that would not be a file's", async () => {
    const dataDir = makeFolder();
    for (const dataset of ["", "../a", "A", "x".repeat(41)]) {
      await expect(writeImportShard({ dataDir, dataset, clock }, [])).rejects.toMatchObject({
        code: "invalid_request",
      });
    }
  });

  it("gets a number of its own when several are written at once", async () => {
    const dataDir = makeFolder();
    const write = (id: string): Promise<unknown> =>
      writeImportShard({ dataDir, dataset: "a", clock }, [[makeEvent(id)]]);
    await Promise.all(["1", "2", "3", "4"].map(write));
    const { files, events } = await readLog(dataDir);
    expect(files.map((file) => file.name)).toEqual([1, 2, 3, 4].map((number) => `metrics-import-a-${number}.jsonl`));
    expect(events.map(idOf).toSorted()).toEqual(["1", "2", "3", "4"]);
  });
});

describe.skipIf(!hasTmpfs)("an import shard on a full disk [needs tmpfs]", () => {
  it("is not there, and gives its space back", async () => {
    const dataDir = mountTmpfs("1m");
    const batches = Array.from({ length: 100 }, (_, id) => [makeEvent(String(id), { title: "x".repeat(20_000) })]);
    await expect(writeImportShard({ dataDir, dataset: "a", clock }, batches)).rejects.toMatchObject({ code: "ENOSPC" });
    expect(readdirSync(dataDir)).toEqual([]);
  });
});
