import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isLong, sharedData } from "../../../test/means.ts";
import { scrubMetadata, scrubReferrer, scrubText, scrubUrl } from "./scrub.ts";

describe("scrubText", () => {
  it.each([
    ["write to jo.doe+x@mail.example.co.uk today", "write to [redacted] today"],
    ["50% off for jo%40example.org", "50% off for [redacted]"],
    ["jo%2540example.org", "[redacted]"],
    ["call +49 170 1234567", "call [redacted]"],
    ["call 0049 170 1234567", "call [redacted]"],
    ["+1 (555) 010-9999", "[redacted]"],
    ["(555) 123-4567 or 555.123.4567", "[redacted] or [redacted]"],
    ["06 12 34 56 78", "[redacted]"],
    ["0171 1234567", "[redacted]"],
    ["07911123456", "[redacted]"],
    ["tel:5551234567", "tel:[redacted]"],
    ["card 4111 1111 1111 1111 please", "card [redacted] please"],
    ["2026 4111-1111-1111-1111", "2026 [redacted]"],
    ["378282246310005", "[redacted]"],
    ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P", "[redacted]"],
    ["key sk_live_4eC39HqLyjWDarjtT1zdp7dc", "key [redacted]"],
    ["ghp_16C7e42F292c6912E7710c838347Ae178B4a", "[redacted]"],
    ["AKIAIOSFODNN7EXAMPLE", "[redacted]"],
    ["d41d8cd98f00b204e9800998ecf8427e", "[redacted]"],
    ["q3T8vXz1LmN0pRs7Uw2Yb5Kd", "[redacted]"],
    ["see https://jo:pw@a.example/x?token=1 now", "see https://a.example/x now"],
    ["https://a.example/x?token=1&utm_source=news#part", "https://a.example/x?utm_source=news"],
    ["/reset?token=abc", "/reset"],
    ["/+49 170 1234567#", "/[redacted]"],
  ])("makes %j %j", (text, expected) => {
    expect(scrubText(text).value).toBe(expected);
  });

  it.each([
    "123e4567-e89b-42d3-a456-426614174000",
    "order-123e4567-e89b-42d3-a456-426614174000",
    "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "v1.24.10-beta.3",
    "2026-11-23T10:00:00.000Z",
    "23.11.2026 10:00",
    "05/12/2026 12:30",
    "01-02-2026 10 20",
    "$1,299,000.00",
    "1.200.000,00 EUR",
    "at 1732356000000",
    "id 1234567890123456",
    "4111111111111112",
    "5551234567",
    "ISBN 978-3-16-148410-0",
    "192.168.100.200:8080",
    "1920x1080",
    "The-10-Best-Ways-To-Learn-TypeScript-In-2026",
    "reading 'getBoundingClientRect'",
    "iphone-15-pro-max-256gb-a2849",
    "dQw4w9WgXcQ",
    "me @ home",
    "100% sure",
    "Jørgen’s café — 東京",
  ])("leaves %j alone", (text) => {
    expect(scrubText(text)).toEqual({ value: text, redacted: 0 });
  });

  it("counts each place", () => {
    expect(scrubText("a@b.example, c@d.example, +49 170 1234567").redacted).toBe(3);
  });
});

describe("scrubUrl", () => {
  it("keeps utm_*, ref and source, in their order and spelling, and drops the rest with the fragment", () => {
    const url = "https://example.com/a?x=1&utm_source=Spring+Sale&fbclid=2&UTM_Medium=cpc&ref=b&source=c#top";
    expect(scrubUrl(url)).toEqual({
      value: "https://example.com/a?utm_source=Spring+Sale&UTM_Medium=cpc&ref=b&source=c",
      redacted: 0,
    });
  });

  it("keeps further keys that a site allows", () => {
    expect(scrubUrl("https://example.com/?page=2&q=x", new Set(["page"])).value).toBe("https://example.com/?page=2");
  });

  it.each([
    ["https://example.com/users/jo@example.org/edit", "https://example.com/users/[redacted]/edit"],
    ["https://example.com/a%20b/jo%40example.org/c", "https://example.com/a%20b/[redacted]/c"],
    ["https://example.com/?ref=%2B49+170+1234567", "https://example.com/?ref=[redacted]"],
    ["https://example.com/?utm_term=me%26jo%40example.org", "https://example.com/?utm_term=me%26[redacted]"],
    ["https://jo:pw@example.com/a", "https://example.com/a"],
    ["https://example.com/verify/q3T8vXz1LmN0pRs7Uw2Yb5Kd", "https://example.com/verify/[redacted]"],
    ["https://example.com?", "https://example.com"],
    ["https://example.com/?token=1", "https://example.com/"],
  ])("makes %s %s", (url, expected) => {
    expect(scrubUrl(url).value).toBe(expected);
  });

  it.each([
    "https://example.com/",
    "https://example.com/orders/100000000000012345",
    "https://example.com/2026/11/23/hello-world",
    "https://example.com/%D8%AC%D9%88%D8%A7%D8%A6%D8%B2",
    "https://0123456789abcdef0123456789abcdef.example.com/a",
    "https://example.com/100%/x",
  ])("leaves %s alone", (url) => {
    expect(scrubUrl(url)).toEqual({ value: url, redacted: 0 });
  });
});

describe("scrubReferrer", () => {
  it.each([
    ["https://www.google.com/search?q=jo+doe#x", "https://www.google.com/search"],
    ["https://jo:pw@a.example/b", "https://a.example/b"],
    ["https://a.example/jo@example.org", "https://a.example/[redacted]"],
    ["android-app://com.reddit.frontpage", "android-app://com.reddit.frontpage"],
    ["https:://twitter.com", ""],
    ["ftp://wat", ""],
    ["http://@", ""],
    ["javascript:alert(1)", ""],
  ])("makes %s %j", (referrer, expected) => {
    expect(scrubReferrer(referrer).value).toBe(expected);
  });
});

describe("scrubMetadata", () => {
  it("walks objects and lists, and hides what a key calls private", () => {
    const metadata = {
      plan: "pro",
      password: "hunter2",
      "api-key": 17,
      list: ["a", { mail: "jo@example.org" }],
      card: 4111111111111111,
      deep: { ok: true, none: null },
    };
    expect(scrubMetadata(metadata)).toEqual({
      value: {
        plan: "pro",
        password: "[redacted]",
        "api-key": "[redacted]",
        list: ["a", { mail: "[redacted]" }],
        card: "[redacted]",
        deep: { ok: true, none: null },
      },
      redacted: 4,
    });
  });

  it("returns the same object when there is nothing to do", () => {
    const metadata = { path: "/pricing", nested: { list: [1, "two"] } };
    expect(scrubMetadata(metadata).value).toBe(metadata);
  });

  it("leaves the object it was given as it was", () => {
    const metadata = { mail: "jo@example.org" };
    scrubMetadata(metadata);
    expect(metadata).toEqual({ mail: "jo@example.org" });
  });
});

/** Texts made of the pieces that patterns are about, so that their edges meet. */
const pieces = fc.array(
  fc.oneof(
    fc.constantFrom(
      "@",
      "+",
      "%40",
      "%2540",
      "%",
      "[redacted]",
      "://",
      "http://",
      "?",
      "&",
      "=",
      "#",
      "/",
      "-",
      " ",
      ".",
    ),
    fc.constantFrom(
      "jo@a.example",
      "+49 170 1234567",
      "4111111111111111",
      "0171",
      "eyJhbGciOiJ",
      "utm_source=",
      "tel:",
    ),
    fc.string({ unit: "binary", maxLength: 6 }),
    fc.stringMatching(/^[0-9a-fA-F]{0,40}$/),
    fc.stringMatching(/^\d{0,20}$/),
  ),
  { maxLength: 12 },
);
const text = pieces.map((list) => list.join(""));
const numRuns = isLong ? 100_000 : 2000;

describe("all of them", () => {
  it("change nothing the second time", () => {
    fc.assert(
      fc.property(text, (value) => {
        for (const scrub of [scrubText, scrubUrl, scrubReferrer]) {
          const once = scrub(value).value;
          expect(scrub(once)).toEqual({ value: once, redacted: 0 });
        }
        const metadata = scrubMetadata({ value, list: [value] }).value;
        expect(scrubMetadata(metadata)).toEqual({ value: metadata, redacted: 0 });
      }),
      { numRuns },
    );
  }, 120_000);

  it("leave no e-mail address in any text it is put into", () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        expect(scrubText(`${before} jo.doe@mail.example ${after}`).value).not.toContain("jo.doe@mail");
      }),
      { numRuns },
    );
  }, 120_000);

  it("take time in line with the length of the text: at most 1.5 s of the processor for a megabyte", () => {
    const bad = [
      "0",
      "01",
      "-eyJ",
      "a@",
      "+1 ",
      "4111-",
      "a.",
      "Aa0_",
      "http://",
      "%25",
      "http://a?",
      "(555) ",
      "0 1",
      "1-",
    ];
    for (const unit of bad) {
      const long = unit.repeat(524_288 / unit.length);
      const start = process.cpuUsage();
      scrubText(long);
      scrubUrl(`https://example.com/${long}?utm_source=${long}`);
      expect([unit, process.cpuUsage(start).user < 1_500_000]).toEqual([unit, true]);
    }
  }, 120_000);
});

const attacks = sharedData("attack_strings.jsonl");
const naughty = sharedData("naughty_strings_blns.jsonl");

describe.skipIf(!attacks || !naughty)("strings that break things [needs shared data]", () => {
  it("are scrubbed without an error, and the second time changes nothing", () => {
    const lines = [attacks, naughty].flatMap((path) =>
      readFileSync(path ?? "", "utf8")
        .trim()
        .split("\n"),
    );
    for (const line of lines) {
      const { s } = JSON.parse(line) as { s: string };
      for (const scrub of [scrubText, scrubUrl, scrubReferrer]) {
        const once = scrub(s).value;
        expect(scrub(once).value).toBe(once);
      }
      expect(scrubMetadata({ [s]: s }).redacted).toBeGreaterThanOrEqual(0);
    }
    expect(lines.length).toBeGreaterThan(500);
  }, 120_000);
});
