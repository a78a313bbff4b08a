import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sharedData } from "../../../test/means.ts";
import { isBotAgent, isBotHint } from "./classify.ts";

const CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

describe("isBotAgent", () => {
  it.each([
    ["nothing at all", ""],
    ["the access log's sign for nothing", "-"],
    ["a crawler", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"],
    ["a crawler inside a browser's text", `${CHROME} (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)`],
    ["headless Chrome", CHROME.replace("Chrome/", "HeadlessChrome/")],
    ["PhantomJS", "Mozilla/5.0 (Unknown; Linux) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1"],
    ["jsdom", "Mozilla/5.0 (linux) AppleWebKit/537.36 (KHTML, like Gecko) jsdom/20.0.3"],
    ["a page-speed probe", `${CHROME} GTmetrix`],
    ["an HTTP library", "python-requests/2.31.0"],
    ["Node's own fetch", "node"],
    ["Go's client", "Go-http-client/1.1"],
    ["Java's client", "Java/17.0.1"],
    ["okhttp", "okhttp/4.9.3"],
    ["curl", "curl/8.4.0"],
    ["wget", "Wget/1.21.3"],
    ["Playwright", "Playwright/1.40.0 (x64; ubuntu 22.04) node/18.19"],
    ["Selenium", `${CHROME} Selenium/4.15`],
    ["Puppeteer", `${CHROME} Puppeteer`],
    ["a web driver", `${CHROME} webdriver/7`],
  ])("takes %s for a robot", (_, userAgent) => {
    expect(isBotAgent(userAgent)).toBe(true);
  });

  it.each([
    ["Chrome", CHROME],
    ["Firefox", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:121.0) Gecko/20100101 Firefox/121.0"],
    [
      "an app's web view",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 300.0",
    ],
    ["a desktop app", `${CHROME.replace("Safari", "Electron/39.8.5 Safari")}`],
    ["a Cubot phone", CHROME.replace("X11; Linux x86_64", "Linux; Android 9; CUBOT_X19")],
  ])("takes %s for a person", (_, userAgent) => {
    expect(isBotAgent(userAgent)).toBe(false);
  });

  it("answers for any text, and the same for a text and its first 512 characters", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 2000, unit: "binary" }), (text) => {
        expect(isBotAgent(text)).toBe(isBotAgent(text.slice(0, 512)));
      }),
    );
  });

  it("needs less than 20 ms of the processor for the longest header a server lets through", () => {
    for (const text of ["a".repeat(16_384), "a ".repeat(8192), "1.".repeat(8192), `${"(".repeat(8192)}/1.0;`]) {
      const start = process.cpuUsage();
      isBotAgent(text);
      isBotHint(`Chromium ${text}`, text);
      expect(process.cpuUsage(start).user).toBeLessThan(20_000);
    }
  });
});

const HINTS = '"Chromium";v="142", "Google Chrome";v="142", "Not?A_Brand";v="99"';
const SAFARI =
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15";
const FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:121.0) Gecko/20100101 Firefox/121.0";

describe("isBotHint", () => {
  it.each([
    ["headless Chrome that wears Chrome's user agent", HINTS.replace("Google Chrome", "HeadlessChrome"), CHROME],
    ["Chromium that calls itself Safari", HINTS, SAFARI],
    ["Chromium that calls itself Firefox", HINTS, FIREFOX],
  ])("takes %s for a robot", (_, hints, userAgent) => {
    expect(isBotHint(hints, userAgent)).toBe(true);
  });

  it.each([
    ["Chrome", HINTS, CHROME],
    ["Edge", HINTS.replace("Google Chrome", "Microsoft Edge"), `${CHROME} Edg/142.0.0.0`],
    [
      "an app with a user agent of its own",
      HINTS.replace("Google Chrome", "Android WebView"),
      "MyApp/1.0 (Android 14)",
    ],
    ["an old Android browser", HINTS, CHROME.replace("Chrome/", "Version/4.0 Chrome/")],
    ["hints that say nothing", "", FIREFOX],
  ])("takes %s for a person", (_, hints, userAgent) => {
    expect(isBotHint(hints, userAgent)).toBe(false);
  });
});

const shared = {
  crawlers: sharedData("bots_isbot_crawlers.jsonl"),
  robots: sharedData("bots_monperrus.jsonl"),
  browsers: sharedData("browsers_isbot.jsonl"),
  agreed: sharedData("semantics_agreed.jsonl"),
};

function readRows(path: string): readonly Record<string, unknown>[] {
  const lines = readFileSync(path, "utf8").trim().split("\n");
  return lines.map((line): Record<string, unknown> => JSON.parse(line));
}

function verdicts(path: string): readonly boolean[] {
  return readRows(path).map((row) => isBotAgent(String(row["ua"])));
}

describe.skipIf(Object.values(shared).includes(undefined))("robots that others collected [needs shared data]", () => {
  it("finds every crawler of isbot's own list", () => {
    expect(verdicts(shared.crawlers ?? "").filter((isBot) => !isBot)).toHaveLength(0);
  });

  it("finds 99.5 % of the robots of monperrus/crawler-user-agents; the rest are in-app browsers and editors", () => {
    const found = verdicts(shared.robots ?? "");
    expect(found.filter((isBot) => isBot).length / found.length).toBeGreaterThan(0.995);
  });

  it("takes nothing in isbot's list of browsers for a robot but two page-speed probes, GTmetrix and YLT", () => {
    const wrong = readRows(shared.browsers ?? "").map((row) => String(row["ua"]));
    expect(wrong.filter(isBotAgent).map((text) => /GTmetrix|YLT/.exec(text)?.[0])).toEqual(["YLT", "GTmetrix"]);
  });

  it("agrees with what several analytics systems agree on", () => {
    const cases = readRows(shared.agreed ?? "").filter((row) => row["kind"] === "is_bot");
    expect(cases.length).toBeGreaterThan(0);
    for (const { input, expected } of cases) {
      const { user_agent: userAgent } = input as { user_agent: string };
      expect([userAgent, { bot: isBotAgent(userAgent) }]).toEqual([userAgent, expected]);
    }
  });
});
