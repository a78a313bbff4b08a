import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sharedData } from "../../../test/means.ts";
import { createAgentReader, describeAgent } from "./enrich.ts";

/** browser | version | system | version | device | user agent */
const TABLE = `
Chrome           | 120 | Windows   | 10 | desktop | Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36
Edge             | 120 | Windows   | 10 | desktop | Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0
IE               | 11  | Windows   | 7  | desktop | Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko
Firefox          | 26  | Ubuntu    |    | desktop | Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:26.0) Gecko/20100101 Firefox/26.0
Safari           | 17  | macOS     | 10 | desktop | Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15
Safari           | 16  | iOS       | 16 | mobile  | Mozilla/5.0 (iPhone; CPU iPhone OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1
Safari           | 16  | iOS       | 16 | tablet  | Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1
Safari WebView   |     | iOS       | 17 | mobile  | Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148
Chrome           | 120 | iOS       | 17 | mobile  | Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/120.0.0.0 Mobile/15E148 Safari/604.1
Firefox          | 121 | Android   | 14 | mobile  | Mozilla/5.0 (Android 14; Mobile; rv:121.0) Gecko/121.0 Firefox/121.0
Samsung Internet | 23  | Android   | 13 | mobile  | Mozilla/5.0 (Linux; Android 13; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36
Android Browser  | 4   | Android   | 4  | tablet  | Mozilla/5.0 (Linux; U; Android 4.2.2; it-it; Surfing TAB B 9.7 3G Build/JDQ39) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30
Chrome           | 120 | Android   | 12 | tv      | Mozilla/5.0 (Linux; Android 12; SHIELD Android TV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36
Chrome           | 120 | Chrome OS | 14541 | desktop | Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36
                 |     |           |    | bot     | Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)
`;

const ROWS = TABLE.trim()
  .split("\n")
  .map((line) => line.split("|").map((cell) => cell.trim()));

describe("describeAgent", () => {
  it.each(ROWS)("reads %s %s on %s %s as %s", (browser, browserVersion, os, osVersion, device, userAgent) => {
    const said = Object.entries({ browser, browserVersion, os, osVersion, device }).filter(([, value]) => value !== "");
    expect(describeAgent(userAgent ?? "")).toEqual(Object.fromEntries(said));
  });

  it("leaves out what the user agent does not say", () => {
    expect(describeAgent("Mozilla/5.0 (Something; Else) Gecko/1.0")).toEqual({ device: "unknown" });
  });

  it("answers for any text", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300, unit: "binary" }), (text) => {
        expect(describeAgent(text).device).toMatch(/^(?:desktop|mobile|tablet|tv|bot|unknown)$/);
      }),
    );
  });
});

describe("createAgentReader", () => {
  const phone = ROWS[5]?.[5] ?? "";

  it("reads like describeAgent and tells robots apart", () => {
    const read = createAgentReader();
    expect(read(phone)).toEqual({ ...describeAgent(phone), isBot: false });
    expect(read("curl/8.4.0")).toEqual({ device: "bot", isBot: true });
  });

  it("remembers a user agent that keeps coming while others pass through", () => {
    const read = createAgentReader(8);
    const first = read(phone);
    for (let index = 0; index < 40; index += 1) {
      read(`Mozilla/5.0 (Other; ${index})`);
      expect(read(phone)).toBe(first);
    }
  });

  it("forgets a user agent once a whole capacity of others has passed", () => {
    const read = createAgentReader(8);
    const first = read(phone);
    for (let index = 0; index < 8; index += 1) read(`Mozilla/5.0 (Other; ${index})`);
    expect(read(phone)).not.toBe(first);
  });
});

const uapBrowsers = sharedData("uap-core_test_ua.jsonl");
const uapSystems = sharedData("uap-core_test_os.jsonl");

type UapRow = { readonly user_agent_string: string; readonly family: string; readonly major: string | null };

function uapRows(path: string | undefined, families: RegExp): readonly UapRow[] {
  const lines = readFileSync(path ?? "", "utf8")
    .trim()
    .split("\n");
  const rows = lines.map((line): UapRow => JSON.parse(line)).filter((row) => families.test(row.family));
  return rows.filter((row) => describeAgent(row.user_agent_string).device !== "bot");
}

/** The field's names keep the mobile edition apart; ours do not. */
function fold(name: string | undefined): string {
  return (name ?? "")
    .toLowerCase()
    .replaceAll(/mobile|ios|webview|browser|ui\/wkwebview|mac os x|macos|[^a-z0-9]/g, "");
}

describe.skipIf(!uapBrowsers || !uapSystems)("the test user agents of uap-core [needs shared data]", () => {
  it("agrees on the family of at least 85 % of the browsers that people use, and on its version for 8 in 10", () => {
    const families =
      /^(?:Chrome|Chrome Mobile(?: iOS| WebView)?|Chromium|Firefox(?: Mobile| iOS)?|(?:Mobile )?Safari(?: UI.*)?|Edge(?: Mobile)?|Opera(?: Mini| Mobile)?|IE|Samsung Internet|Vivaldi|Brave|DuckDuckGo Mobile|Yandex Browser|UC Browser|QQ Browser|Amazon Silk|Facebook|Instagram|Puffin|Coc Coc|Whale|Maxthon|Snapchat)$/;
    const rows = uapRows(uapBrowsers, families);
    const facts = rows.map((row) => ({ row, facts: describeAgent(row.user_agent_string) }));
    const named = facts.filter(({ row, facts }) => fold(facts.browser) === fold(row.family));
    expect(rows.length).toBeGreaterThan(60);
    expect(named.length / rows.length).toBeGreaterThan(0.85);
    expect(
      named.filter(({ row, facts }) => (facts.browserVersion ?? null) === row.major).length / rows.length,
    ).toBeGreaterThan(0.8);
  });

  it("agrees on more than 8 in 10 of the systems that browsers run on", () => {
    const rows = uapRows(uapSystems, /^(?:Windows|Android|iOS|Mac OS X|Linux|Ubuntu|Chrome OS|Fedora|Debian)$/);
    const agreed = rows.filter((row) => fold(describeAgent(row.user_agent_string).os) === fold(row.family));
    expect(rows.length).toBeGreaterThan(60);
    expect(agreed.length / rows.length).toBeGreaterThan(0.8);
  });
});
