import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../clock.ts";
import { readSettings } from "../../config.ts";
import { CLIENT_SEED, unitInterval } from "../../sampling.ts";
import { createAddressChecks } from "./address-checks.ts";
import type { Sender } from "./sender.ts";
import { indexSites } from "./site.ts";
import { type Validated, type Validation, validateEvent } from "./validate.ts";

const NOW = Date.parse("2026-11-23T12:00:00.000Z");
const settings = readSettings({ ALLOWED_ORIGINS: "https://example.com,https://other.org" });
const anyone: Sender = {
  origin: undefined,
  referer: undefined,
  userAgent: "curl/8",
  clientHints: undefined,
  acceptLanguage: "en-GB,en;q=0.9",
  address: "192.0.2.1",
  asksForPrivacy: false,
  hasIngestKey: false,
  keySite: null,
};

function validation(change: Partial<Validation> = {}): Validation {
  const batch = { contract: 1, sentAtMs: undefined };
  return {
    settings,
    addresses: createAddressChecks(),
    sites: indexSites(settings.sites),
    clock: systemClock,
    sender: anyone,
    receivedAtMs: NOW,
    receivedAt: new Date(NOW).toISOString(),
    batch,
    ...change,
  };
}

function validate(raw: unknown, change: Partial<Validation> = {}): Validated {
  return validateEvent(raw, 7, validation(change));
}

function problemOf(raw: unknown, change: Partial<Validation> = {}): string {
  const validated = validate(raw, change);
  if (!("problems" in validated)) return "valid";
  return validated.problems.map(({ path, message }) => `${path} ${message}`).join("; ");
}

function eventOf(raw: unknown, change: Partial<Validation> = {}) {
  const validated = validate(raw, change);
  if ("problems" in validated) throw new Error(JSON.stringify(validated.problems));
  return validated.draft.event;
}

describe("a valid event", () => {
  it("needs a name and nothing else", () => {
    expect(eventOf({ event: " page_view " })).toMatchObject({
      event: "page_view",
      visitorId: "",
      timestamp: "2026-11-23T12:00:00.000Z",
      receivedAt: "2026-11-23T12:00:00.000Z",
      metadata: {},
      site: "example.com",
      language: "en-GB",
      sampleRate: 1,
    });
  });

  it("gets an id of version 7 when it has none, and keeps its own", () => {
    expect(eventOf({ event: "a" }).eventId).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    const own = "0190163D-8694-739B-AEA5-966C26F8AD91";
    expect(eventOf({ event: "a", event_id: own }).eventId).toBe(own.toLowerCase());
  });

  it.each([
    ["Origin", { origin: "https://other.org", referer: "https://example.com/" }, "https://example.com/"],
    ["Referer", { referer: "https://www.other.org/page" }, "https://example.com/"],
    ["url", {}, "https://other.org:8443/page"],
  ])("takes its site from %s first", (_from, headers, url) => {
    expect(eventOf({ event: "a", url }, { sender: { ...anyone, ...headers } }).site).toBe("other.org");
  });
});

describe("an invalid event", () => {
  it.each([
    [5, " must be a JSON object"],
    [null, " must be a JSON object"],
    [{}, "/event is missing: name what happened, such as page_view"],
    [{ event: "  " }, "/event must be 1 to 64 characters"],
    [{ event: "x".repeat(65) }, "/event must be 1 to 64 characters"],
    [{ event: 5 }, "/event must be a string, not number"],
    [{ event: "a", visitor_id: "short" }, "/visitor_id must be 6 to 64 characters"],
    [{ event: "a", visitor_id: null }, "/visitor_id must be a string, not null"],
    [
      { event: "a", visitor_id: "me@example.com" },
      "/visitor_id looks like an e-mail address: send an anonymous id, such as a hash of it",
    ],
    [{ event: "a", event_id: "123" }, "/event_id must be a UUID"],
    [{ event: "a", url: "/relative" }, "/url must be an absolute http or https URL"],
    [{ event: "a", url: "javascript:alert(1)" }, "/url must be an absolute http or https URL"],
    [{ event: "a", url: `https://a.com/${"x".repeat(2048)}` }, "/url must be 0 to 2048 characters"],
    [{ event: "a", referrer: "nowhere" }, "/referrer must be an absolute URL"],
    [{ event: "a", title: "x".repeat(257) }, "/title must be 0 to 256 characters"],
    [{ event: "a", screen: "big" }, '/screen must look like "1440x900"'],
    [{ event: "a", language: "english please" }, "/language must be a BCP 47 tag such as en-GB"],
    [{ event: "a", site: "nowhere.org" }, "/site is not a configured site: add it to METRICS_SITES or leave it out"],
    [
      { event: "a", timestamp: "NaN" },
      "/timestamp must be an ISO 8601 date and time with an offset, such as 2026-01-31T12:00:00Z",
    ],
    [{ event: "a", timestamp: 1_700_000_000 }, "/timestamp must be a string, not number"],
    [{ event: "a", sample_rate: 0 }, "/sample_rate must be a number above 0 and at most 1"],
    [{ event: "a", sample_rate: 0.001 }, "/sample_rate is below the lowest rate believed without a key, 0.01"],
    [{ event: "a", bucket: "day" }, '/bucket must be "page" or left out'],
    [{ event: "a", metadata: [] }, "/metadata must be a JSON object"],
    [
      { event: "a", vistor_id: "abcdef" },
      "/vistor_id is not a field of an event: put fields of your own into metadata",
    ],
    [{ event: "a", received_at: "x" }, "/received_at is filled in by the collector: leave it out"],
    [
      JSON.parse('{"event":"a","__proto__":{"x":1}}'),
      "/__proto__ is not a field of an event: put fields of your own into metadata",
    ],
    [{ event: "a", "a/b~": 1 }, "/a~1b~0 is not a field of an event: put fields of your own into metadata"],
  ])("is told apart: %j", (raw, problem) => {
    expect(problemOf(raw)).toBe(problem);
  });

  it.each([
    ['{"__proto__":1}', "/metadata has the key __proto__, which is refused: rename it"],
    ['{"a":{"constructor":1}}', "/metadata has the key constructor, which is refused: rename it"],
    ['{"a":[{"prototype":1}]}', "/metadata has the key prototype, which is refused: rename it"],
    ['{"":1}', "/metadata has a key that is not 1 to 64 characters"],
    [`{"${"k".repeat(65)}":1}`, "/metadata has a key that is not 1 to 64 characters"],
    ['{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}', "valid"],
    ['{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}', "/metadata is more than 6 levels deep: flatten it"],
    [`{${Array.from({ length: 64 }, (_, i) => `"k${i}":1`).join()}}`, "valid"],
    [`{${Array.from({ length: 65 }, (_, i) => `"k${i}":1`).join()}}`, "/metadata has more than 64 keys: send fewer"],
    [`{"a":"${"x".repeat(16_384 - 8)}"}`, "valid"],
    [`{"a":"${"x".repeat(16_384 - 7)}"}`, "/metadata is 16385 bytes, limit 16384: shorten it"],
  ])("has metadata out of bounds: %.60s", (metadata, problem) => {
    expect(problemOf({ event: "a", metadata: JSON.parse(metadata) })).toBe(problem);
  });

  it("never pollutes a prototype", () => {
    validate(JSON.parse('{"event":"a","metadata":{"__proto__":{"polluted":1}},"__proto__":{"polluted":1}}'));
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });

  it("is never a crash, whatever the JSON", () => {
    fc.assert(
      fc.property(fc.record({ event: fc.jsonValue() }, { requiredKeys: [] }), fc.jsonValue(), (raw, metadata) => {
        expect(validate({ ...raw, metadata })).toBeTypeOf("object");
      }),
    );
  });

  it("of a newer contract loses only the fields that we do not know", () => {
    const validated = validate({ event: "a", mood: "good" }, { batch: { contract: 2, sentAtMs: undefined } });
    expect(validated).toMatchObject({ unknownFields: ["mood"], draft: { event: { event: "a" } } });
  });
});

describe("the time of an event", () => {
  it.each([
    ["2026-11-23T11:00:00Z", "2026-11-23T11:00:00.000Z", undefined],
    ["2026-11-23T12:04:59Z", "2026-11-23T12:04:59.000Z", undefined],
    ["2026-11-23T12:05:01Z", "2026-11-23T12:00:00.000Z", "clamped"],
    ["2026-11-22T12:00:01Z", "2026-11-22T12:00:01.000Z", undefined],
    ["2026-11-22T11:59:59Z", "2026-11-23T12:00:00.000Z", "clamped"],
    ["1970-01-01T00:00:00Z", "2026-11-23T12:00:00.000Z", "clamped"],
    ["2099-01-01T00:00:00Z", "2026-11-23T12:00:00.000Z", "clamped"],
  ])("%s is stored as %s (%s)", (timestamp, stored, clock) => {
    const event = eventOf({ event: "a", timestamp });
    expect([event.timestamp, event.clock]).toEqual([stored, clock]);
  });

  it("is corrected by the skew that the envelope shows", () => {
    const batch = { contract: 1, sentAtMs: NOW - 3_600_000 };
    const event = eventOf({ event: "a", timestamp: "2026-11-23T10:59:50Z" }, { batch });
    expect([event.timestamp, event.clock]).toEqual(["2026-11-23T11:59:50.000Z", "corrected"]);
  });

  it("is left alone when the skew is below a minute", () => {
    const batch = { contract: 1, sentAtMs: NOW - 59_000 };
    expect(eventOf({ event: "a", timestamp: "2026-11-23T11:59:00Z" }, { batch }).timestamp).toBe(
      "2026-11-23T11:59:00.000Z",
    );
  });

  it("may lie within the retention with a key, and not before it", () => {
    const sender = { ...anyone, hasIngestKey: true };
    expect(eventOf({ event: "a", timestamp: "2026-11-01T00:00:00Z" }, { sender }).timestamp).toBe(
      "2026-11-01T00:00:00.000Z",
    );
    expect(problemOf({ event: "a", timestamp: "2026-10-01T00:00:00Z" }, { sender })).toBe(
      "/timestamp is older than the retention of 30 days",
    );
  });
});

describe("a key of one site", () => {
  const sender = { ...anyone, hasIngestKey: true, keySite: "other.org" };

  it("lets events of that site in and of no other, named or found by address", () => {
    expect(problemOf({ event: "a", site: "other.org" }, { sender })).toBe("valid");
    expect(problemOf({ event: "a", url: "https://other.org/" }, { sender })).toBe("valid");
    const refusal = "/site is not the site of this key, other.org";
    expect(problemOf({ event: "a", site: "example.com" }, { sender })).toBe(refusal);
    expect(problemOf({ event: "a", url: "https://example.com/" }, { sender })).toBe(refusal);
    expect(problemOf({ event: "a" }, { sender })).toBe(refusal);
  });
});

describe("a sample rate", () => {
  const kept = Array.from({ length: 50 }, (_, index) => `visitor-${index}`);

  it("is believed exactly when the visitor's hash is below it", () => {
    for (const visitorId of kept) {
      const isKept = unitInterval(visitorId, CLIENT_SEED) < 0.25;
      expect(problemOf({ event: "a", visitor_id: visitorId, sample_rate: 0.25 }) === "valid").toBe(isKept);
    }
  });

  it("of a page's own draw is not held against the hash", () => {
    for (const visitorId of kept) {
      expect(problemOf({ event: "a", visitor_id: visitorId, sample_rate: 0.25, bucket: "page" })).toBe("valid");
    }
  });

  it("may be any above 0 with a key", () => {
    expect(problemOf({ event: "a", sample_rate: 1e-6 }, { sender: { ...anyone, hasIngestKey: true } })).toBe("valid");
  });
});
