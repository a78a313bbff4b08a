import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { sharedData } from "../../test/means.ts";
import { createAgentReader } from "../collector/enrichment/enrich.ts";
import { createSaltKey } from "../collector/identity/salt-key.ts";
import { decodeLine, isStoredEvent } from "../log/read/decode-line.ts";
import { encodeLines } from "../log/write/encode-line.ts";
import { ACCESS_FORMATS, type AccessRequest, parseAccessLine } from "./access-line.ts";
import { type PageViewMaker, reasonToSkip, toPageView } from "./page-view.ts";

const REQUEST: AccessRequest = {
  address: "192.0.2.77",
  timeMs: Date.UTC(2015, 4, 17, 10, 5, 3),
  method: "GET",
  target: "/a",
  status: 200,
  referrer: "",
  userAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
};

const MAKER: PageViewMaker = {
  site: "example.com",
  siteHosts: ["example.com"],
  agents: createAgentReader(),
  saltOf: (day) => createSaltKey(Buffer.from(day)),
};

const ID = "e3b0c442-98fc-81c1-8526-000000000102";

describe("reasonToSkip", () => {
  it.each([
    [{}, undefined],
    [{ status: 304 }, undefined],
    [{ target: "/" }, undefined],
    [{ target: "/file.html" }, undefined],
    [{ target: "/index.php?file=a.css" }, undefined],
    [{ target: "/v1.2/page" }, undefined],
    [{ target: "/release-1.0.3" }, undefined],
    [{ target: "http://example.com/a" }, undefined],
    [{ method: "HEAD" }, "not_get"],
    [{ method: "POST" }, "not_get"],
    [{ method: "" }, "not_get"],
    [{ status: 301 }, "not_ok"],
    [{ status: 206 }, "not_ok"],
    [{ status: 404 }, "not_ok"],
    [{ target: "/style.css?v=2" }, "asset"],
    [{ target: "/IMG.JPG" }, "asset"],
    [{ target: "/robots.txt" }, "asset"],
    [{ target: "http://example.com/a.png" }, "asset"],
    [{ target: "*" }, "no_path"],
    [{ target: "" }, "no_path"],
  ])("of %j is %s", (part, reason) => {
    expect(reasonToSkip({ ...REQUEST, ...part })).toBe(reason);
  });
});

describe("toPageView", () => {
  it("makes a whole event without address and user agent", () => {
    const event = toPageView(
      { ...REQUEST, target: "/a?utm_source=betalist&id=7", referrer: "https://www.bing.com/s?q=1" },
      ID,
      MAKER,
    );
    expect(event).toEqual({
      event: "page_view",
      visitorId: expect.stringMatching(/^[\w-]{22}$/),
      timestamp: "2015-05-17T10:05:03.000Z",
      metadata: {},
      eventId: ID,
      site: "example.com",
      url: "https://example.com/a?utm_source=betalist",
      referrer: "https://www.bing.com/s",
      sampleRate: 1,
      receivedAt: "2015-05-17T10:05:03.000Z",
      serverSampleRate: 1,
      browser: "Chrome",
      browserVersion: "142",
      os: "Linux",
      device: "desktop",
      isBot: false,
      source: "betalist",
      channel: "Referral",
    });
  });

  it("gives a visitor one id a day, and another the next day", () => {
    const idAt = (part: Partial<AccessRequest>): string => toPageView({ ...REQUEST, ...part }, ID, MAKER).visitorId;
    const tomorrow = REQUEST.timeMs + 86_400_000;
    expect(idAt({ target: "/b", timeMs: REQUEST.timeMs + 3_600_000 })).toBe(idAt({}));
    expect(idAt({ timeMs: tomorrow })).not.toBe(idAt({}));
    expect(idAt({ address: "192.0.2.78" })).not.toBe(idAt({}));
    expect(idAt({ userAgent: "curl/8" })).not.toBe(idAt({}));
  });

  it("marks a robot", () => {
    expect(toPageView({ ...REQUEST, userAgent: "" }, ID, MAKER)).toMatchObject({ isBot: true, device: "bot" });
  });

  it("scrubs and cuts the address", () => {
    expect(toPageView({ ...REQUEST, target: "/u/jo@example.org" }, ID, MAKER).url).toBe(
      "https://example.com/u/[redacted]",
    );
    expect(toPageView({ ...REQUEST, target: `/${"a/".repeat(2000)}` }, ID, MAKER).url).toHaveLength(2048);
    expect(toPageView({ ...REQUEST, target: "http://other.example?x=1" }, ID, MAKER).url).toBe("https://example.com/");
  });
});

const attacks = sharedData("attack_strings.jsonl");
const naughty = sharedData("naughty_strings_blns.jsonl");

describe.skipIf(!attacks || !naughty)("strings that break things [needs shared data]", () => {
  const rows = [attacks, naughty].flatMap((path) => (path ? readFileSync(path, "utf8").trim().split("\n") : []));
  const strings = rows.map((row): string => JSON.parse(row).s);

  it("as path, referrer and user agent make a line of the log that can be read again", () => {
    for (const text of strings) {
      const request = { ...REQUEST, target: `/${text}`, referrer: `https://a.example/${text}`, userAgent: text };
      const line = encodeLines([toPageView(request, ID, MAKER)], { writer: "import-x", start: "s", seq: 0 });
      const decoded = decodeLine(line.slice(0, -1));
      expect([text, isStoredEvent(decoded)]).toEqual([text, true]);
    }
    expect(strings.length).toBeGreaterThan(500);
  });

  it("in a line of a log are a request or a bad line", () => {
    for (const text of strings) {
      for (const format of ACCESS_FORMATS) {
        const parsed = parseAccessLine(
          `${text} - - [17/May/2015:10:05:03 +0000] "${text}" 200 1 "${text}" "${text}"`,
          format,
        );
        expect("reason" in parsed || parsed.status === 200).toBe(true);
      }
    }
  });
});
