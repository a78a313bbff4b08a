/** Counting of requests and durations: what is counted, and for how long it is remembered. */
import { beforeEach, describe, expect, it } from "vitest";
import { createHistogram } from "./histogram.ts";
import { createRequestMeter, type RequestMeter } from "./request-meter.ts";

const MINUTE_MS = 60_000;

let nowMs: number;
let meter: RequestMeter;

beforeEach(() => {
  nowMs = 1_000_000;
  meter = createRequestMeter(() => nowMs);
});

function answer(status: number, times: number): void {
  for (let time = 0; time < times; time += 1) meter.count("/route", status);
}

describe("a request meter", () => {
  it("counts by route and status", () => {
    answer(202, 3);
    answer(429, 1);
    meter.count("/other", 202);
    expect(meter.counts()).toEqual([
      { route: "/route", status: 202, count: 3 },
      { route: "/route", status: 429, count: 1 },
      { route: "/other", status: 202, count: 1 },
    ]);
  });

  it("remembers 429s of the last 15 minutes, minute by minute", () => {
    answer(429, 2);
    nowMs += 14 * MINUTE_MS;
    answer(202, 8);
    expect(meter.recent()).toEqual({ requests: 10, limited: 2 });
    nowMs += MINUTE_MS;
    expect(meter.recent()).toEqual({ requests: 8, limited: 0 });
    nowMs += 15 * MINUTE_MS;
    expect(meter.recent()).toEqual({ requests: 0, limited: 0 });
  });

  it("begins a minute's slot anew when its turn comes again", () => {
    answer(429, 5);
    nowMs += 15 * MINUTE_MS;
    answer(202, 1);
    expect(meter.recent()).toEqual({ requests: 1, limited: 0 });
  });
});

describe("a histogram", () => {
  it("counts a value in the bucket whose bound it reaches but does not pass", () => {
    const histogram = createHistogram([1, 2]);
    for (const value of [0, 1, 1.5, 2, 3, 100]) histogram.observe(value);
    expect(histogram.read()).toEqual({ bounds: [1, 2], counts: [2, 2, 2], sum: 107.5 });
  });
});
