/** The log as its users see it: what append, status and close promise, over any order of batches, ends and kills. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { idOf, makeFolder, openTestLog, readLog } from "../../test/fault/log-fixtures.ts";
import { type LogProcess, startLogProcess } from "../../test/fault/log-process.ts";
import { makeEvent } from "../../test/fault/make-event.ts";
import { isLong } from "../../test/means.ts";
import { systemClock } from "../clock.ts";
import { openLog } from "./log.ts";

describe("append", () => {
  it("resolves when the lines can be read, with the place where they stand", async () => {
    const dataDir = makeFolder();
    const log = await openTestLog(dataDir);
    const first = await log.append([makeEvent("1"), makeEvent("2")]);
    expect(first).toEqual({
      file: "metrics.jsonl",
      writer: "w1",
      start: expect.stringMatching(/^[\w-]{12}$/),
      firstSeq: 0,
    });
    const { events } = await readLog(dataDir);
    expect(events.map(idOf)).toEqual(["1", "2"]);
    expect(events[0]).toMatchObject({ writer: "w1", start: first.start, seq: 0 });
    expect(await log.append([makeEvent("3")])).toEqual({ ...first, firstSeq: 2 });
  });

  it("keeps batches whole, in the order of the calls, numbered without a gap", async () => {
    const dataDir = makeFolder();
    const log = await openTestLog(dataDir);
    const batches = Array.from({ length: 300 }, (_, batch) =>
      Array.from({ length: (batch % 7) + 1 }, (_, index) => makeEvent(`${batch}.${index}`)),
    );
    const appended = await Promise.all(batches.map((batch) => log.append(batch)));
    const { events } = await readLog(dataDir);
    const ids = batches.flat().map((event) => event.metadata["id"]);
    expect(events.map(idOf)).toEqual(ids);
    expect(events.map((event) => event.seq)).toEqual(ids.map((_, index) => index));
    expect(appended.map(({ firstSeq }) => events[firstSeq]?.metadata["id"])).toEqual(
      batches.map((_, batch) => `${batch}.0`),
    );
  });

  it("of no events resolves and writes nothing", async () => {
    const log = await openTestLog(makeFolder());
    expect(await log.append([])).toMatchObject({ file: "metrics.jsonl", firstSeq: 0 });
    expect(log.status()).toMatchObject({ fileBytes: 0, appendedEvents: 0 });
  });

  it("is as good with the operating system's durability", async () => {
    const dataDir = makeFolder();
    const log = await openTestLog(dataDir, { durability: "os", writer: 3 });
    expect(await log.append([makeEvent("1")])).toMatchObject({ file: "metrics.w3.jsonl", writer: "w3" });
    expect((await readLog(dataDir)).events.map(idOf)).toEqual(["1"]);
  });
});

describe("the queue", () => {
  it("refuses what would pass its bound, stores what it took, and takes one batch of any size when it is empty", async () => {
    const dataDir = makeFolder();
    const log = await openTestLog(dataDir, { maxQueueBytes: 65_536 });
    const large = (id: string): Promise<unknown> => log.append([makeEvent(id, { title: "x".repeat(30_000) })]);
    const answers = await Promise.allSettled(["1", "2", "3", "4"].map(large));
    expect(answers.map((answer) => answer.status)).toEqual(["fulfilled", "fulfilled", "rejected", "rejected"]);
    expect(answers[3]).toMatchObject({
      reason: { code: "log_unavailable", message: expect.stringContaining("65536") },
    });
    await log.append([makeEvent("5", { title: "x".repeat(600_000) })]);
    const { events } = await readLog(dataDir);
    expect(events.map(idOf)).toEqual(["1", "2", "5"]);
    expect(events.map((event) => event.seq)).toEqual([0, 1, 2]);
    expect(log.status()).toMatchObject({ accepting: true, queuedBytes: 0, appendedEvents: 3 });
  });
});

describe("status", () => {
  it("knows the acknowledged bytes and whether the file is there", async () => {
    const dataDir = makeFolder();
    const log = await openTestLog(dataDir);
    await log.append([makeEvent("1")]);
    const [file] = (await readLog(dataDir)).files;
    expect(log.status()).toEqual({
      accepting: true,
      reason: undefined,
      message: undefined,
      queuedBytes: 0,
      file: "metrics.jsonl",
      fileExists: true,
      fileBytes: file?.bytes,
      fileDay: "2026-11-23",
      tornLines: 0,
      appendedEvents: 1,
    });
  });
});

describe("close", () => {
  it("stores what was taken and refuses what comes after", async () => {
    const dataDir = makeFolder();
    const log = await openTestLog(dataDir);
    const taken = Array.from({ length: 50 }, (_, id) => log.append([makeEvent(String(id))]));
    const closed = log.close();
    await expect(log.append([makeEvent("late")])).rejects.toMatchObject({ code: "log_unavailable" });
    await Promise.all(taken);
    await closed;
    expect((await readLog(dataDir)).events).toHaveLength(50);
    expect(log.status()).toMatchObject({ accepting: false, reason: "closing" });
  });

  it("gives the folder up, also when the log could not be opened", async () => {
    const dataDir = makeFolder();
    await (await openTestLog(dataDir)).close();
    await (await openTestLog(dataDir)).close();
    mkdirSync(join(dataDir, "metrics.w3.jsonl"));
    const options = { dataDir, clock: systemClock, durability: "fsync", maxQueueBytes: 65_536 } as const;
    await expect(openLog({ ...options, writer: 3 })).rejects.toMatchObject({ code: "data_dir_unusable" });
    await (await openLog(options)).close();
  });
});

/** A step of the model: append so many batches at once, or end the process one way and start it again. */
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      sizes: fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 8 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("close" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("kill" as const),
      sizes: fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 8 }),
    }),
  },
);

describe("any order of appends, ends and kills", () => {
  it("keeps each acknowledged event exactly once, in order, and holds nothing that was never sent", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        const dataDir = makeFolder();
        let log: LogProcess = await startLogProcess(dataDir);
        const sent: string[] = [];
        const acked: string[] = [];
        const send = async (size: number): Promise<void> => {
          const ids = Array.from({ length: size }, (_, index) => `${sent.length + index}`);
          sent.push(...ids);
          if (await log.append(ids)) acked.push(...ids);
        };
        for (const { kind, ...rest } of steps) {
          const sending = Promise.all(("sizes" in rest ? rest.sizes : []).map(send));
          if (kind === "append") await sending;
          if (kind === "close") expect(await log.close()).toBe(0);
          if (kind === "kill") await log.kill();
          await sending;
          if (kind !== "append") log = await startLogProcess(dataDir);
        }
        await log.kill();
        await (await openTestLog(dataDir)).close();
        const { events, problems } = await readLog(dataDir);
        const ids = events.map(idOf);
        const inOrder = sent.filter((id) => ids.includes(id));
        expect([ids, problems]).toEqual([inOrder, []]);
        expect(acked.filter((id) => !ids.includes(id))).toEqual([]);
      }),
      { numRuns: isLong ? 60 : 5, endOnFailure: true },
    );
  }, 300_000);
});
