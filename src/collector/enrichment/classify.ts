/**
 * Tells robots from people by the user agent alone; it promises an answer in bounded time for any text.
 *
 * The list of isbot 5 does most of the work. Our own rules add automation that announces itself and that the list lets
 * through. What no rule can see from here is a robot that copies a browser's user agent.
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
  /\b(?:slimerjs|casperjs|nightmare|jsdom|happydom|zombie\.js|puppeteer|webdriver\w*|cypress|testcafe|htmlunit|gtmetrix|ylt|webpagetest|sitespeed\.io|browsershot|browserless|wkhtmlto\w{1,8}|prerender|rendertron|checkly|newrelicpinger|backstopjs|webthumbnail)\b/i;

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
