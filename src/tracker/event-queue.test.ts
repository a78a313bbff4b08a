/** Holds that the queue keeps order, is bounded, and accounts for every event it ever took. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { countBatch, type EventQueue, enqueue, putBack, takeBatch } from "./event-queue.ts";

const emptyQueue = (): EventQueue => ({ events: [], lost: 0 });

test("hands events out oldest first, in batches of the given size", () => {
  const queue = emptyQueue();
  for (const name of ["a", "b", "c"]) enqueue(queue, name);
  expect(countBatch(queue, 2)).toBe(2);
  expect(takeBatch(queue, 2).events).toEqual(["a", "b"]);
  expect(takeBatch(queue, 2).events).toEqual(["c"]);
});

test("puts a batch that did not arrive before what came after it", () => {
  const queue = emptyQueue();
  enqueue(queue, "a");
  const batch = takeBatch(queue, 50);
  enqueue(queue, "b");
  putBack(queue, batch);
  expect(queue.events).toEqual(["a", "b"]);
});

test("ends a batch before it is too long for one request", () => {
  const queue = emptyQueue();
  for (let i = 0; i < 3; i += 1) enqueue(queue, "x".repeat(8_000));
  expect(countBatch(queue, 50)).toBe(2);
});

test("counts an event as lost that no request could carry", () => {
  const queue = emptyQueue();
  enqueue(queue, "x".repeat(20_001));
  enqueue(queue, "small");
  expect(takeBatch(queue, 50)).toEqual({ events: ["small"], lost: 1 });
  expect(queue.lost).toBe(0);
});

test("never holds more than 200 events, and either holds, has handed out or counts as lost each one it took", () => {
  const step = fc.oneof(
    fc.record({ add: fc.integer({ min: 1, max: 120 }) }),
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
          if (step.arrives) settled += batch.events.length + batch.lost;
          else putBack(queue, batch);
        }
        expect(queue.events.length).toBeLessThanOrEqual(200);
        expect(queue.events).toEqual([...queue.events].sort((a, b) => Number(a) - Number(b)));
        expect(settled + queue.events.length + queue.lost).toBe(added);
      }
    }),
  );
});
