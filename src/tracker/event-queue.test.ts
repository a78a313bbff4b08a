/** Holds that the queue keeps order, is bounded, and accounts for every event it ever took. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type EventQueue, enqueue, isFullBatch, putBack, takeBatch } from "./event-queue.ts";

const emptyQueue = (): EventQueue => ({ waiting: [], givenUp: 0 });

test("hands events out oldest first, in batches of the given size", () => {
  const queue = emptyQueue();
  for (const name of ["a", "b", "c"]) enqueue(queue, name);
  expect([3, 4].map((size) => isFullBatch(queue, size))).toEqual([true, false]);
  expect(takeBatch(queue, 2).waiting).toEqual(["a", "b"]);
  expect(takeBatch(queue, 2).waiting).toEqual(["c"]);
});

test("puts a batch that did not arrive before what came after it", () => {
  const queue = emptyQueue();
  enqueue(queue, "a");
  const batch = takeBatch(queue, 50);
  enqueue(queue, "b");
  putBack(queue, batch.waiting, batch.givenUp);
  expect(queue.waiting).toEqual(["a", "b"]);
});

test("ends a batch before it is too long for one request", () => {
  const queue = emptyQueue();
  for (let i = 0; i < 4; i += 1) enqueue(queue, "é".repeat(4_000));
  expect(isFullBatch(queue, 50)).toBe(true);
  expect(takeBatch(queue, 50).waiting).toHaveLength(3);
  expect(isFullBatch(queue, 50)).toBe(false);
});

test("counts an event as lost that no request could carry", () => {
  const queue = emptyQueue();
  enqueue(queue, "x".repeat(25_001));
  enqueue(queue, "small");
  expect(takeBatch(queue, 50)).toEqual({ waiting: ["small"], givenUp: 1 });
  expect(queue.givenUp).toBe(0);
});

test("holds 1,000 events and a batch that did not arrive at most, and either holds, has handed out or counts as lost each one it took", () => {
  const step = fc.oneof(
    fc.record({ add: fc.integer({ min: 1, max: 600 }) }),
    fc.record({ take: fc.integer({ min: 1, max: 60 }), arrives: fc.boolean() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const queue = emptyQueue();
      let added = 0;
      let settled = 0;
      for (const step of steps) {
        if ("add" in step) {
          for (let i = 0; i < step.add; i += 1) enqueue(queue, String(added++));
        } else {
          const batch = takeBatch(queue, step.take);
          if (step.arrives) settled += batch.waiting.length + batch.givenUp;
          else putBack(queue, batch.waiting, batch.givenUp);
        }
        expect(queue.waiting.length).toBeLessThanOrEqual(1_060);
        expect(queue.waiting).toEqual([...queue.waiting].sort((a, b) => Number(a) - Number(b)));
        expect(settled + queue.waiting.length + queue.givenUp).toBe(added);
      }
    }),
  );
});
