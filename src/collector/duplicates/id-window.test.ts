import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatId, IdWindow, ownerOf } from "./id-window.ts";

function listIds(window: IdWindow): readonly string[] {
  const bytes = window.copyBytes(0, window.size);
  return Array.from({ length: window.size }, (_, index) => formatId(bytes.subarray(index * 16, index * 16 + 16)));
}

describe("the window of event ids", () => {
  it("knows what a plain list of the newest ids knows, whatever is added and dropped, under any seed", () => {
    // Few different ids in a small window, so that wrapping, collisions and removals meet all the time.
    const ids = Array.from({ length: 24 }, () => randomUUID());
    const step = fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...ids) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 5 }) },
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 200 }),
        fc.integer(),
        fc.integer({ min: 1, max: 16 }),
        (steps, seed, n) => {
          const window = new IdWindow(n, seed);
          let naive: string[] = [];
          for (const action of steps) {
            if (typeof action === "number") {
              window.dropOldest(action);
              naive = naive.slice(action);
            } else if (naive.includes(action)) expect(window.add(action)).toBe(false);
            else {
              expect(window.add(action)).toBe(true);
              naive = [...naive, action].slice(-n);
            }
            expect(ids.filter((id) => window.has(id)).toSorted()).toEqual(naive.toSorted());
          }
          expect(listIds(window)).toEqual(naive);
        },
      ),
    );
  });

  it("takes upper and lower case for the same id", () => {
    const window = new IdWindow(8, 1);
    window.add("0190AAAA-BBBB-7CCC-8DDD-EEEEFFFF0011");
    expect(window.has("0190aaaa-bbbb-7ccc-8ddd-eeeeffff0011")).toBe(true);
    expect(window.has("0190aaaa-bbbb-7ccc-8ddd-eeeeffff0012")).toBe(false);
  });

  it("keeps 200,000 of 300,000 ids, the newest", () => {
    const window = new IdWindow(200_000, 7);
    const ids = Array.from({ length: 300_000 }, () => randomUUID());
    for (const id of ids) window.add(id);
    expect(ids.map((id) => window.has(id)).lastIndexOf(false)).toBe(99_999);
    expect(window.size).toBe(200_000);
  });
});

describe("the owner of an id", () => {
  it("is one of the owners, each with about its share", () => {
    const counts = [0, 0, 0];
    for (let index = 0; index < 30_000; index++) {
      const owner = ownerOf(randomUUID(), 3);
      counts[owner] = (counts[owner] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(600);
    expect(counts).toHaveLength(3);
  });
});
