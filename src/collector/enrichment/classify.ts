/**
 * Tells robots from people by what a request says: its user agent and its client hints. It promises an answer in bounded
 * time for any text.
 *
 * The list of isbot 5 does most of the work. Our own rules add automation that announces itself and that the list lets
 * through, and client hints that contradict the user agent. Other absent headers prove nothing: a first-party proxy
 * leaves out `Sec-Fetch-*` and `Accept-Language`, plain HTTP has no client hints. What no rule can see from here is a robot
 * that copies all of a browser's headers.
 */
import { isbot } from "isbot";

/**
 * Characters that are looked at: the longest of 1,400 real robots' user agents still shows its mark within 256, and
 * cost grows with length, so that a header of 8 KiB would be a cheap way to keep us busy.
 */
const READ_LENGTH = 512;

/**
 * Automation that names itself and that isbot 5.2.3 takes for a browser: test drivers, engines without a window,
 * page-speed probes, a few fetchers. `Electron` is absent on purpose: people read pages in desktop apps.
 */
const AUTOMATION =
  /\b(?:slimerjs|casperjs|nightmare|jsdom|happydom|zombie\.js|puppeteer|webdriver\w*|cypress|testcafe|htmlunit|gtmetrix|ylt|webpagetest|sitespeed\.io|browsershot|browserless|wkhtmlto\w{1,8}|prerender|rendertron|checkly|newrelicpinger|backstopjs|webthumbnail|playwright|selenium)\b/i;

/** Browsers with an engine of their own, which sends no client hints. */
const OTHER_ENGINE = /\b(?:Firefox|FxiOS)\/|\bVersion\/[\d.]{1,12} (?:Mobile\/\w{1,12} )?Safari\//;

/**
 * Says whether a user agent belongs to a robot or an automated browser. An empty one does: every browser sends a user
 * agent, and access logs write a missing one as `-`.
 *
 * @param userAgent any text; only its first 512 characters are read.
 */
export function isBotAgent(userAgent: string): boolean {
  const text = userAgent.slice(0, READ_LENGTH).trim();
  return text === "" || isbot(text) || AUTOMATION.test(text);
}

/**
 * Says whether the client hints of a request (`Sec-CH-UA`) give a robot away: they name an engine without a window, or
 * they come from Chromium while the user agent claims to be Firefox or Safari.
 */
export function isBotHint(clientHints: string, userAgent: string): boolean {
  const hints = clientHints.slice(0, READ_LENGTH);
  if (/headless/i.test(hints) || AUTOMATION.test(hints)) return true;
  if (!hints.includes("Chromium")) return false;
  const text = userAgent.slice(0, READ_LENGTH);
  return !text.includes("Chrome/") && OTHER_ENGINE.test(text);
}
