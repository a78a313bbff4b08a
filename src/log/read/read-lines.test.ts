/** Reading log files forwards and backwards: whole lines, exact offsets, bounded memory, damage that costs only itself. */
import { appendFileSync, closeSync, openSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gather, idOf, makeFolder } from "../../../test/fault/log-fixtures.ts";
import { makeEvent } from "../../../test/fault/make-event.ts";
import { encodeLines } from "../write/encode-line.ts";
import { isStoredEvent } from "./decode-line.ts";
import { fileIdentity, MAX_LINE_BYTES, openLogFile, readEvents, readLines } from "./read-lines.ts";
import { readNewest } from "./read-newest.ts";

function makeLines(ids: readonly string[], writer = "w1", seq = 0): string {
  return encodeLines(
    ids.map((id) => makeEvent(id)),
    { writer, start: "start0000000", seq },
  );
}

function writeLog(content: string | Buffer, folder: string = makeFolder()): string {
  const path = join(folder, "metrics.jsonl");
  writeFileSync(path, content);
  return path;
}

async function collectIds(path: string, from = 0, to?: number): Promise<unknown[]> {
  const events = await gather(readEvents(path, from, to));
  return events.map(({ decoded }) => (isStoredEvent(decoded) ? idOf(decoded) : decoded.problem));
}

describe("the lines of a file", () => {
  it("are cut where the bytes say, whatever they hold and wherever reading begins", async () => {
    const line = fc.string({ unit: "binary", maxLength: 40 }).map((text) => text.toWellFormed().replaceAll("\n", " "));
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 20 }), line, fc.nat(), async (lines, tail, pick) => {
        const path = writeLog(lines.map((text) => `${text}\n`).join("") + tail);
        const all = await gather(readLines(path));
        expect(all.map((found) => "text" in found && found.text)).toEqual(lines);
        const first = pick % (lines.length + 1);
        expect(await gather(readLines(path, all[first]?.offset ?? all.at(-1)?.nextOffset ?? 0))).toEqual(
          all.slice(first),
        );
        const to = all[first]?.nextOffset ?? 0;
        expect(await gather(readLines(path, 0, to))).toEqual(all.filter((found) => found.nextOffset <= to));
      }),
      { numRuns: 50 },
    );
  });

  it("leave out the last one until its newline is there", async () => {
    const path = writeLog(makeLines(["1"]).slice(0, -1));
    expect(await collectIds(path)).toEqual([]);
    appendFileSync(path, `\n${makeLines(["2"])}`);
    expect(await collectIds(path)).toEqual(["1", "2"]);
  });

  it("cost only themselves when they are damaged", async () => {
    const [a = "", b = "", c = ""] = makeLines(["a", "b", "c"]).split(/(?<=\n)/);
    const half = Buffer.concat([Buffer.from(b.slice(0, -3)), Buffer.from([0xf0, 0x9f, 0x0a])]);
    const parts = [
      a,
      half,
      "\u0000".repeat(5_000),
      "\n",
      `\ufeff${b}`,
      "# by hand\n",
      b.replace("\n", "\r\n"),
      b.trimEnd(),
      c,
      "\n",
      c,
    ];
    const path = writeLog(Buffer.concat(parts.map((part) => Buffer.from(part))));
    expect(await collectIds(path)).toEqual([
      "a",
      "not_utf8",
      "not_json",
      "not_json",
      "not_json",
      "b",
      "not_json",
      "not_json",
      "c",
    ]);
  });

  it("of more than 1 MiB are passed over without being held", async () => {
    const path = writeLog(makeLines(["before"]));
    const file = openSync(path, "a");
    const block = Buffer.alloc(8_388_608, "x");
    for (let written = 0; written < 16; written++) writeSync(file, block);
    writeSync(file, `\n${makeLines(["after"])}`);
    closeSync(file);
    const before = process.memoryUsage().rss;
    let most = 0;
    const ids: unknown[] = [];
    for await (const { decoded } of readEvents(path)) {
      most = Math.max(most, process.memoryUsage().rss - before);
      ids.push(isStoredEvent(decoded) ? idOf(decoded) : decoded.problem);
    }
    expect(ids).toEqual(["before", "too_long", "after"]);
    expect(most).toBeLessThan(64 * 1_048_576); // The line has 128 MiB.
  });

  it("of exactly 1 MiB are read", async () => {
    const path = writeLog(`${"x".repeat(MAX_LINE_BYTES)}\n${"x".repeat(MAX_LINE_BYTES + 1)}\n`);
    const lines = await gather(readLines(path));
    expect(lines.map((line) => "text" in line)).toEqual([true, false]);
  });
});

describe("a file's identity", () => {
  it("is that of its first event and survives a new name", async () => {
    const path = writeLog(makeLines(["1", "2"]));
    expect(await fileIdentity(path)).toBe("w1/start0000000/0");
    renameSync(path, `${path}.moved`);
    expect(await fileIdentity(`${path}.moved`)).toBe("w1/start0000000/0");
  });

  it("is undefined while the file has no whole line, and passes damaged lines over", async () => {
    expect(await fileIdentity(writeLog(""))).toBeUndefined();
    expect(await fileIdentity(writeLog(makeLines(["1"]).slice(0, -1)))).toBeUndefined();
    expect(await fileIdentity(writeLog(`damaged\n${makeLines(["1"], "w3", 5)}`))).toBe("w3/start0000000/5");
  });

  it("belongs to the lines that are read with it, though the file is replaced meanwhile", async () => {
    const path = writeLog(makeLines(["old"]));
    const file = await openLogFile(path);
    renameSync(path, `${path}.sealed`);
    writeFileSync(path, makeLines(["new"], "w1", 1));
    const events = await gather(file.events(0));
    await file.close();
    expect(file.identity).toBe("w1/start0000000/0");
    expect(events.map(({ decoded }) => isStoredEvent(decoded) && idOf(decoded))).toEqual(["old"]);
  });
});

describe("the newest events", () => {
  it("are the last ones over all files, oldest first, and no imports", async () => {
    const folder = makeFolder();
    writeFileSync(join(folder, "metrics-import-old-1.jsonl"), makeLines(["import"]));
    writeFileSync(join(folder, "metrics-2026-11-22.1.jsonl"), makeLines(["1", "2"]));
    writeFileSync(join(folder, "metrics-2026-11-22.2.jsonl"), `damaged\n${makeLines(["3"])}`);
    writeFileSync(join(folder, "metrics.jsonl"), `${makeLines(["4", "5"])}${makeLines(["torn"]).slice(0, -1)}`);
    const ids = async (count: number): Promise<unknown[]> => (await readNewest(folder, count)).map(idOf);
    expect(await ids(0)).toEqual([]);
    expect(await ids(3)).toEqual(["3", "4", "5"]);
    expect(await ids(50)).toEqual(["1", "2", "3", "4", "5"]);
  });

  it("are merged over writers by the time they were received", async () => {
    const folder = makeFolder();
    const at = (id: string, second: number): string =>
      encodeLines([makeEvent(id, { receivedAt: `2026-11-23T09:00:0${second}.000Z` })], {
        writer: "w1",
        start: "s",
        seq: second,
      });
    writeFileSync(join(folder, "metrics.jsonl"), at("a", 1) + at("c", 3));
    writeFileSync(join(folder, "metrics.w2.jsonl"), at("b", 2) + at("d", 4));
    expect((await readNewest(folder, 3)).map(idOf)).toEqual(["b", "c", "d"]);
  });

  it("are the same as those of the whole log for lines of any length", async () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 60_000 }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(lengths, fc.integer({ min: 1, max: 14 }), async (sizes, count) => {
        const folder = makeFolder();
        const events = sizes.map((size, index) => makeEvent(String(index), { title: "x".repeat(size) }));
        writeLog(encodeLines(events, { writer: "w1", start: "s", seq: 0 }), folder);
        expect((await readNewest(folder, count)).map(idOf)).toEqual(
          sizes.map((_, index) => String(index)).slice(-count),
        );
      }),
      { numRuns: 30 },
    );
  });
});
