/**
 * Reads browser, system and kind of device out of a user agent; it promises an answer for any text and no memory
 * beyond its bound.
 */
import { UAParser } from "ua-parser-js";
import type { Device } from "../event.ts";
import { isBotAgent } from "./classify.ts";

/** What a user agent says. Versions are major versions; a field that it does not say is absent. */
export type AgentFacts = {
  readonly browser?: string;
  readonly browserVersion?: string;
  readonly os?: string;
  readonly osVersion?: string;
  readonly device: Device;
};

/** Reads a user agent; a robot's device is `bot`. */
export function describeAgent(userAgent: string): AgentFacts {
  if (isBotAgent(userAgent)) return { device: "bot" };
  const { browser, os, device } = new UAParser(userAgent.slice(0, 512)).getResult();
  return {
    ...(browser.name === undefined ? {} : { browser: browser.name }),
    ...(browser.major === undefined ? {} : { browserVersion: browser.major }),
    ...(os.name === undefined ? {} : { os: os.name }),
    ...(os.version === undefined ? {} : { osVersion: os.version.split(".")[0] ?? os.version }),
    device:
      device.type === "mobile" || device.type === "tablet"
        ? device.type
        : os.name === undefined
          ? "unknown"
          : "desktop",
  };
}

/** Reads a user agent and says, too, whether it is a robot's. */
export type AgentReader = (userAgent: string) => AgentFacts & { readonly isBot: boolean };

/** Returns a reader like `describeAgent` that remembers the user agents it met last. */
export function createAgentReader(capacity = 4096): AgentReader {
  const known = new Map<string, AgentFacts & { readonly isBot: boolean }>();
  return (userAgent) => {
    const found = known.get(userAgent);
    if (found !== undefined) return found;
    const facts = describeAgent(userAgent);
    const made = { ...facts, isBot: facts.device === "bot" };
    known.set(userAgent, made);
    if (known.size > capacity) {
      const oldest = known.keys().next();
      if (!oldest.done) known.delete(oldest.value);
    }
    return made;
  };
}
