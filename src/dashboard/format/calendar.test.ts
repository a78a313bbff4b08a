/** Holds the arithmetic of dates and how buckets read. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addDays,
  addMonths,
  countDays,
  dateInZone,
  formatBucket,
  formatSpan,
  formatTick,
  isDate,
  timestampInZone,
} from "./calendar.ts";

describe("a date", () => {
  it("is that of the zone", () => {
    const lateEvening = Date.parse("2026-11-23T23:30:00Z");
    expect(dateInZone(lateEvening, "UTC")).toBe("2026-11-23");
    expect(dateInZone(lateEvening, "Asia/Tokyo")).toBe("2026-11-24");
    expect(timestampInZone(lateEvening, "America/New_York")).toBe("2026-11-23 18:30:00");
  });

  it("at midnight begins a day and does not end one", () => {
    expect(timestampInZone(Date.parse("2026-11-23T00:00:00Z"), "UTC")).toBe("2026-11-23 00:00:00");
  });

  it("exists or is refused", () => {
    expect(["2026-02-28", "2028-02-29"].every(isDate)).toBe(true);
    expect(["2026-02-29", "2026-13-01", "26-01-01", "2026-1-1", "", "today"].some(isDate)).toBe(false);
  });

  it("some days later is that many days away", () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date(0), noInvalidDate: true }),
        fc.integer({ min: 0, max: 4000 }),
        (day, days) => {
          const from = day.toISOString().slice(0, 10);
          fc.pre(isDate(from) && isDate(addDays(from, days)));
          expect(countDays(from, addDays(from, days))).toBe(days + 1);
        },
      ),
    );
  });

  it("some months later stays within a shorter month", () => {
    expect(addMonths("2026-03-31", -1)).toBe("2026-02-28");
    expect(addMonths("2026-11-30", 3)).toBe("2027-02-28");
    expect(addMonths("2026-01-15", -1)).toBe("2025-12-15");
  });
});

describe("a span of dates", () => {
  it("says once what both ends share", () => {
    expect(formatSpan("2026-11-01", "2026-11-10")).toBe("1 – 10 Nov 2026");
    expect(formatSpan("2026-10-26", "2026-11-22")).toBe("26 Oct – 22 Nov 2026");
    expect(formatSpan("2025-12-30", "2026-01-02")).toBe("30 Dec 2025 – 2 Jan 2026");
    expect(formatSpan("2026-11-23", "2026-11-23")).toBe("Mon, 23 Nov 2026");
  });
});

describe("a bucket", () => {
  it("reads as what it is", () => {
    expect(formatTick("2026-11-23 14:00:00", "hour")).toBe("14:00");
    expect(formatTick("2026-11-23", "day")).toBe("23 Nov");
    expect(formatBucket("2026-11-23 14:00:00", "hour")).toBe("Mon 23 Nov, 14:00");
    expect(formatBucket("2026-11-01", "month")).toBe("November 2026");
  });
});
