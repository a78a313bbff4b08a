/** Holds that a visitor with an id of the browser's is sampled and silenced as one without: a real `passerby brake`, Chromium. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { clientBucket } from "../../src/sampling.ts";
import { chromium } from "../means.ts";
import { type BrakeBench, type BrakedVisitor, startBrakeBench } from "./support/braking.ts";
import { KEY, type Mode, scriptOf, writeKept } from "./support/kept-ids.ts";

/** Buckets below it pass a rate of 0.5. */
const MIDDLE_BUCKET = 32_768;

const IDS = Array.from({ length: 100 }, (_, index) => index.toString(16).padStart(32, "0"));

function findId(isFitting: (bucket: number) => boolean): string {
  return IDS.find((id) => isFitting(clientBucket(id))) ?? "";
}

describe.skipIf(chromium === undefined)("a visitor with an id of their own under the brake [needs chromium]", () => {
  let bench: BrakeBench;
  let everybody: { readonly low: string; readonly high: string };
  beforeAll(async () => {
    bench = await startBrakeBench();
    everybody = {
      low: await bench.findUserAgent((bucket) => bucket < MIDDLE_BUCKET),
      high: await bench.findUserAgent((bucket) => bucket >= MIDDLE_BUCKET),
    };
  });
  afterEach(() => bench.brake("off"));
  afterAll(() => bench?.close());

  /** A visitor whose browser keeps an id since before the page. */
  const newVisitor = async (mode: Mode, id: string, userAgent?: string): Promise<BrakedVisitor> => {
    const visitor = await bench.newVisitor(userAgent, scriptOf(mode));
    const storage = mode === "session" ? "sessionStorage" : "localStorage";
    await visitor.page.addInitScript(
      ([place, key, text]) => void (location.protocol === "about:" || window[place].setItem(key, text)),
      [storage, KEY, writeKept(id, Date.now())] as const,
    );
    return visitor;
  };

  const stay = async (visitor: BrakedVisitor): Promise<void> => {
    await visitor.open();
    await visitor.track("something");
    await visitor.page.clock.runFor(10_000);
    await visitor.leave();
  };

  test.for(["session", "persistent"] as const)(
    "%s: is kept or left out by `brake rate 0.5 --tracker` as the bucket of the id says, not as that of the day's id",
    async (mode) => {
      await bench.brake("rate 0.5 --tracker");
      const id = findId((bucket) => bucket < MIDDLE_BUCKET);
      const kept = await newVisitor(mode, id, everybody.high);
      const left = await newVisitor(
        mode,
        findId((bucket) => bucket >= MIDDLE_BUCKET),
        everybody.low,
      );
      for (const visitor of [left, kept]) await stay(visitor);
      await expect.poll(() => kept.stored()).toEqual(["page_view", "something"]);
      const drawn = kept.lines().map(({ visitor_id, sample_rate, bucket }) => [visitor_id, sample_rate, bucket]);
      expect(drawn).toEqual(new Array(2).fill([id, 0.5, undefined]));
      expect([left.sent(), left.stored()]).toEqual([[], []]);
    },
  );

  test.for(["on --tracker", "rate 0 --tracker"])(
    "sends nothing under `brake %s`, not even as it is left",
    async (args) => {
      await bench.brake(args);
      const visitor = await newVisitor(
        "session",
        findId((bucket) => bucket < MIDDLE_BUCKET),
      );
      await stay(visitor);
      expect(visitor.edge.seen.map(({ path }) => path)).toEqual(["/api/metrics/config", "/witness"]);
    },
  );
});
