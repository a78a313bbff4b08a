/** Holds that event ids are UUIDs of version 7 which carry their time and do not repeat. */
import fc from "fast-check";
import { parse, validate, version } from "uuid";
import { expect, test } from "vitest";
import { makeEventId } from "./event-id.ts";

test("is a UUID of version 7 that begins with its time, for any time until 2527", () => {
  fc.assert(
    // From 2005 on: earlier times have fewer than 11 hexadecimal digits.
    fc.property(fc.integer({ min: 2 ** 40, max: 2 ** 44 - 1 }), (nowMs) => {
      const id = makeEventId(nowMs);
      expect(validate(id) && version(id)).toBe(7);
      const time = parse(id).slice(0, 6);
      expect(Number.parseInt(Buffer.from(time).toString("hex"), 16)).toBe(nowMs);
    }),
  );
});

test("does not repeat within one millisecond", () => {
  const ids = Array.from({ length: 10_000 }, () => makeEventId(1_795_000_000_000));
  expect(new Set(ids).size).toBe(ids.length);
});
