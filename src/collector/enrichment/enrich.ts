/**
 * Reads browser, system and kind of device out of a user agent; it promises an answer for any text and no memory
 * beyond its bound.
 *
 * ua-parser-js 1 does the reading (2 has another licence). Its names are made one per family: the mobile edition of a
 * browser is the same browser, since `device` says the rest.
 */
import { UAParser } from "ua-parser-js";
import type { Device } from "../../event.ts";
import { remember } from "../remember.ts";
import { isBotAgent } from "./classify.ts";

/** What a user agent says. Versions are major versions; what it does not say is absent. */
export type AgentFacts = {
  readonly browser?: string;
  readonly browserVersion?: string;
  readonly os?: string;
  readonly osVersion?: string;
  readonly device: Device;
};

/** Reads a user agent and says, too, whether it is a robot's. */
export type AgentReader = (userAgent: string) => AgentFacts & { readonly isBot: boolean };

/** As in classify.ts: what lies beyond is padding. Longer ones are not remembered either. */
const READ_LENGTH = 512;

const BROWSER_NAMES: Readonly<Record<string, string>> = {
  "Mobile Safari": "Safari",
  "Mobile Firefox": "Firefox",
  "Mobile Chrome": "Chrome",
  brave: "Brave",
  GSA: "Google",
  IEMobile: "IE",
  NokiaBrowser: "Nokia Browser",
  "Opera Mobi": "Opera",
  "Opera Tablet": "Opera",
  OviBrowser: "Ovi Browser",
  QQBrowser: "QQ Browser",
  Silk: "Amazon Silk",
  UCBrowser: "UC Browser",
  WebKit: "Safari WebView",
  weibo: "Weibo",
};

const SYSTEM_NAMES: Readonly<Record<string, string>> = {
  "Chromium OS": "Chrome OS",
  KAIOS: "KaiOS",
  linux: "Linux",
  "Mac OS": "macOS",
  PLAYSTATION: "PlayStation",
  "RIM Tablet OS": "BlackBerry Tablet OS",
  Series40: "Nokia Series 40",
};

/** Kinds of ua-parser-js. A console hangs on a television, a watch or glasses are worn like a phone is carried. */
const DEVICES: Readonly<Record<string, Device>> = {
  mobile: "mobile",
  tablet: "tablet",
  smarttv: "tv",
  console: "tv",
  wearable: "mobile",
};

/** Systems of computers; ua-parser-js names no kind of device for these. */
const DESKTOP =
  /^(?:Windows(?! (?:Phone|Mobile))|macOS|Chrome OS|(?:GNU\/)?Linux|\w*Ubuntu|Debian|Fedora|RedHat|SUSE|Mint|Arch|Manjaro|Gentoo|CentOS|Mageia|Mandriva|Slackware|Raspbian|Deepin|\w*BSD|DragonFly|Solaris|SunOS|AIX|HP-UX|Haiku|BeOS|OS\/2|QNX|UNIX)/i;
const TABLET = /\b(?:tablet|tab|pad)\b/i;
const POCKET = /^(?:iOS|KaiOS|Windows (?:Phone|Mobile)|BlackBerry|Symbian|Firefox OS|Sailfish|HarmonyOS|Nokia|Bada)/i;

/** Reads a user agent of which only the first 512 characters count. A robot's device is `bot`, and nothing else is said. */
export function describeAgent(userAgent: string): AgentFacts {
  if (isBotAgent(userAgent)) return { device: "bot" };
  const text = userAgent.slice(0, READ_LENGTH);
  const parsed = new UAParser(text).getResult();
  const os =
    lookUp(SYSTEM_NAMES, parsed.os.name) ?? parsed.os.name ?? (/\bWindows\b/.test(text) ? "Windows" : undefined);
  const { name: browser, version: browserVersion } = parsed.browser;
  return {
    ...present({
      browser: lookUp(BROWSER_NAMES, browser) ?? browser,
      // A web view tells the engine's version, Linux that of the processor.
      browserVersion: browser === "WebKit" ? undefined : majorVersion(browserVersion),
      os,
      osVersion: os === "Linux" ? undefined : majorVersion(parsed.os.version),
    }),
    device: deviceOf(parsed.device.type, os ?? "", text),
  };
}

/**
 * Returns a reader that remembers the user agents it met last, because a site sees the same few hundred all day and
 * reading one takes about 30 µs (bench/read-visit.ts).
 */
export function createAgentReader(capacity = 8192): AgentReader {
  return remember(readAgent, { capacity, maxLength: READ_LENGTH });
}

function readAgent(userAgent: string): ReturnType<AgentReader> {
  const facts = describeAgent(userAgent);
  return { ...facts, isBot: facts.device === "bot" };
}

function deviceOf(kind: string | undefined, os: string, text: string): Device {
  const known = lookUp(DEVICES, kind);
  if (known !== undefined && known !== "mobile") return known;
  // Chrome and Firefox on Android say `Mobile` on phones only; some makers of tablets say so all the same.
  if (/^Android/i.test(os)) return /\bmobile\b/i.test(text) && !TABLET.test(text) ? "mobile" : "tablet";
  if (known === "mobile" || POCKET.test(os)) return "mobile";
  return DESKTOP.test(os) ? "desktop" : "unknown";
}

function majorVersion(version: string | undefined): string | undefined {
  // `Version 10.12.6`, `ME`, `XP`, `10_15`
  return version === undefined ? undefined : /\d+|^[A-Z][A-Za-z]{1,9}$/.exec(version)?.[0];
}

function lookUp<Value>(table: Readonly<Record<string, Value>>, name: string | undefined): Value | undefined {
  return name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
}

function present(
  facts: Readonly<Record<Exclude<keyof AgentFacts, "device">, string | undefined>>,
): Omit<AgentFacts, "device"> {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}
