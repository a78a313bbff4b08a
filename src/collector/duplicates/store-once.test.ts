import { randomUUID } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { makeEvent } from "../../../test/fault/make-event.ts";
import { systemClock } from "../../clock.ts";
import { PasserbyError } from "../../errors.ts";
import type { AcceptedEvent } from "../../event.ts";
import type { Appended } from "../../log/log.ts";
import { createOnceStore, type OnceStore, type ReadyEvent } from "./store-once.ts";
import { StoredIds } from "./stored-ids.ts";

/** A disk that answers when the test says so: the order of answers is what these tests are about. */
type Disk = { readonly written: AcceptedEvent[][]; readonly answer: (index: number, isGood: boolean) => Promise<void> };

let disk: Disk;
let once: OnceStore;

const [A, B] = [randomUUID(), randomUUID()];
const ready = (eventId: string, hasClientId = true): ReadyEvent => ({
  event: makeEvent("x", { eventId }),
  hasClientId,
});
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

beforeEach(async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "passerby-once-"));
  const options = { dataDir, writer: 1, writers: 1, capacity: 1_000, retentionDays: 30, clock: systemClock };
  const ids = await StoredIds.open({ ...options, onWarning: () => undefined });
  const written: AcceptedEvent[][] = [];
  const answers: PromiseWithResolvers<Appended>[] = [];
  const append = (events: readonly AcceptedEvent[]): Promise<Appended> => {
    written.push([...events]);
    const answer = Promise.withResolvers<Appended>();
    answers.push(answer);
    return answer.promise;
  };
  disk = {
    written,
    answer: async (index, isGood) => {
      const answer = answers[index];
      if (isGood) answer?.resolve({ file: "metrics.jsonl", writer: "w1", start: "s", firstSeq: index * 10 });
      else answer?.reject(new PasserbyError("log_unavailable", "nothing was stored"));
      await turn();
    },
  };
  once = createOnceStore({ log: { append }, ids });
});

describe("an event that is sent twice", () => {
  it("is stored once, and the second copy is told so only when the first is on disk", async () => {
    const first = once.store([ready(A)]);
    let isAnswered = false;
    const second = once.store([ready(A)]).finally(() => {
      isAnswered = true;
    });
    await turn();
    expect([disk.written.length, isAnswered]).toEqual([1, false]);
    await disk.answer(0, true);
    expect(await first).toMatchObject({ stored: [{ eventId: A }], duplicates: [], file: "metrics.jsonl" });
    expect(await second).toMatchObject({ stored: [], duplicates: [{ eventId: A }], file: null });
    expect(once.isStored(A)).toBe(true);
  });

  it("is stored by the second copy when the first could not be", async () => {
    const first = once.store([ready(A)]).catch((error: unknown) => error);
    const second = once.store([ready(A)]);
    await turn();
    await disk.answer(0, false);
    expect(await first).toBeInstanceOf(PasserbyError);
    expect(disk.written).toHaveLength(2);
    await disk.answer(1, true);
    expect(await second).toMatchObject({ stored: [{ eventId: A }], duplicates: [] });
  });

  it("in one batch is stored once", async () => {
    const outcome = once.store([ready(A), ready(B), ready(A)]);
    await disk.answer(0, true);
    expect(disk.written.map((events) => events.map(({ eventId }) => eventId))).toEqual([[A, B]]);
    expect(await outcome).toMatchObject({ stored: [{ eventId: A }, { eventId: B }], duplicates: [{ eventId: A }] });
  });

  it("by two batches that hold each other's events does not block either", async () => {
    const first = once.store([ready(A), ready(B)]);
    const second = once.store([ready(B), ready(A), ready(randomUUID())]);
    await disk.answer(1, true);
    await disk.answer(0, true);
    expect((await first).stored).toHaveLength(2);
    expect(await second).toMatchObject({ stored: [{}], duplicates: [{ eventId: B }, { eventId: A }] });
  });

  it("keeps back an event without an id until it is sure that the batch is stored", async () => {
    const first = once.store([ready(A)]).catch((error: unknown) => error);
    const second = once.store([ready(B, false), ready(A)]).catch((error: unknown) => error);
    await turn();
    expect(disk.written).toHaveLength(1);
    await disk.answer(0, false);
    expect(disk.written[1]?.map(({ eventId }) => eventId)).toEqual([B, A]);
    await disk.answer(1, false);
    expect([await first, await second]).toEqual([expect.any(PasserbyError), expect.any(PasserbyError)]);
  });

  it("is not looked for where the id was made here", async () => {
    const [first, second] = [once.store([ready(A, false)]), once.store([ready(A, false)])];
    await disk.answer(0, true);
    await disk.answer(1, true);
    expect([(await first).stored, (await second).stored]).toMatchObject([[{}], [{}]]);
  });
});
