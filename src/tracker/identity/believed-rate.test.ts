/** Holds that browser and collector agree on whom a rate keeps: what a page sends for its own id is never refused for it. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { systemClock } from "../../clock.ts";
import { createAddressChecks } from "../../collector/intake/address-checks.ts";
import { indexSites } from "../../collector/intake/site.ts";
import { type Validation, validateEvent } from "../../collector/intake/validate.ts";
import { readSettings } from "../../config.ts";
import { bucketShare, clientBucket } from "../../sampling.ts";
import { drawVisitor } from "../visitor-draw.ts";
import { makeVisitorId } from "./stored-id.ts";

const settings = readSettings({ ALLOWED_ORIGINS: "https://example.com", METRICS_MIN_TRACKER_RATE: "0.000001" });
const validation: Validation = {
  settings,
  addresses: createAddressChecks(),
  sites: indexSites(settings.sites),
  clock: systemClock,
  sender: {
    origin: "https://example.com",
    referer: undefined,
    userAgent: "",
    clientHints: undefined,
    acceptLanguage: undefined,
    address: "192.0.2.1",
    asksForPrivacy: false,
    hasIngestKey: false,
    keySite: null,
  },
  receivedAtMs: 1_795_000_000_000,
  receivedAt: new Date(1_795_000_000_000).toISOString(),
  batch: { contract: 1, sentAtMs: undefined },
};

/** The collector's own judgement of an event with an id and a rate. */
function isBelieved(visitorId: string, rate: number): boolean {
  return "draft" in validateEvent({ event: "page_view", visitor_id: visitorId, sample_rate: rate }, 0, validation);
}

const rates = fc.double({ min: 0, max: 1, noNaN: true, minExcluded: true });

test("a page keeps a visitor exactly when the collector believes the share that it reports, for every rate", () => {
  fc.assert(
    // `nearby` puts half of the rates next to the visitor's own bucket, where a difference would be.
    fc.property(rates, fc.integer({ min: -2, max: 2 }), fc.boolean(), (anyRate, nearby, isNear) => {
      const id = makeVisitorId();
      const bucket = clientBucket(id);
      const rate = isNear ? Math.min(1, Math.max(1e-9, (bucket + nearby + anyRate) / 65_536)) : anyRate;
      const draw = drawVisitor(rate, bucket, 0);
      expect(draw !== undefined).toBe(isBelieved(id, bucketShare(rate)));
      if (draw) expect(draw).toEqual({ sample_rate: bucketShare(rate), bucket: undefined });
    }),
    { numRuns: 2_000 },
  );
});

test("a visitor is kept by the share just above their bucket and by no smaller one", () => {
  for (let count = 0; count < 1_000; count += 1) {
    const id = makeVisitorId();
    const bucket = clientBucket(id);
    expect(isBelieved(id, (bucket + 1) / 65_536)).toBe(true);
    if (bucket > 0) expect(isBelieved(id, bucket / 65_536)).toBe(false);
  }
});
