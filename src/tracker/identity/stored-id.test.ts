/** Holds what an id looks like, how long it is believed, and that no text in its place does harm. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { makeVisitorId, readStoredId, writeStoredId } from "./stored-id.ts";

const DAY_MS = 86_400_000;
const ID = "0123456789abcdef0123456789abcdef";
/** From 2020 to 2100. */
const times = fc.integer({ min: 1_577_836_800_000, max: 4_102_444_800_000 });

test("makes ids of 32 hexadecimal digits that do not repeat and use every bit", () => {
  const ids = Array.from({ length: 2_000 }, makeVisitorId);
  expect(ids.filter((id) => !/^[\da-f]{32}$/.test(id))).toEqual([]);
  expect(new Set(ids).size).toBe(ids.length);
  // Each of the 32 digits takes each of its 16 values: one value left out by chance has a probability of 10^-53.
  for (let place = 0; place < 32; place += 1) expect(new Set(ids.map((id) => id[place])).size).toBe(16);
});

test("is kept as a text that says what it is and since which day", () => {
  expect(writeStoredId(ID, Date.parse("2026-11-24T23:59:59.999Z"))).toBe(`${ID} since 2026-11-24`);
});

test("is read for 392 days at least, and never 13 calendar months after it was written", () => {
  fc.assert(
    fc.property(times, fc.double({ min: 0, max: 5, noNaN: true }), (writtenMs, moreYears) => {
      const text = writeStoredId(ID, writtenMs);
      expect(readStoredId(text, writtenMs)).toBe(ID);
      expect(readStoredId(text, writtenMs + 392 * DAY_MS - 1)).toBe(ID);
      expect(readStoredId(text, addMonths(writtenMs, 13) + moreYears * 365 * DAY_MS)).toBeUndefined();
    }),
  );
});

test("is not read by a clock that has been set back to an earlier day", () => {
  fc.assert(
    fc.property(times, fc.integer({ min: DAY_MS, max: 4_000 * DAY_MS }), (writtenMs, backMs) => {
      expect(readStoredId(writeStoredId(ID, writtenMs), writtenMs - backMs)).toBeUndefined();
    }),
  );
});

test("is read from no other text, whatever it is", () => {
  const damaged = fc.tuple(fc.nat(48), fc.nat(48), fc.string()).map(([from, to, insert]) => {
    const text = writeStoredId(ID, 1_795_000_000_000);
    return text.slice(0, from) + insert + text.slice(to);
  });
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" }), damaged), times, (text, nowMs) => {
      const id = readStoredId(text, nowMs);
      if (id !== undefined) expect(text).toMatch(new RegExp(`^${id} since [-0-9]{10}$`));
    }),
  );
});

test.for([
  null,
  "",
  ID,
  `${ID} since `,
  `${ID} since 2026-13-01`,
  `${ID} since 2026-11-24T00:00:00Z`,
  `${ID} since 2026-11-24\n`,
  `${ID.toUpperCase()} since 2026-11-24`,
  `${ID}0 since 2026-11-24`,
  "jo@example.com since 2026-11-24",
  "smoke-1 since 2026-11-24",
  '{"id":"0123456789abcdef"}',
])("is not read from %j", (text) => {
  expect(readStoredId(text, Date.parse("2026-11-25"))).toBeUndefined();
});

/** The same day of a later month, or its last day where it is shorter. */
function addMonths(timeMs: number, months: number): number {
  const date = new Date(timeMs);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  return date.setUTCDate(Math.min(day, lastDay));
}
