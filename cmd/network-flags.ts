/** The flags that say how the world is reached: an address in place of DNS, certificates in place of the system's. */
import { readFileSync } from "node:fs";
import type { Network } from "../src/doctor/probe/ask.ts";
import { describeError, PasserbyError } from "../src/errors.ts";

/** Reads `--connect-to` and `--ca`. Throws `setting_invalid` and `input_unreadable`. */
export function readNetwork(flags: { readonly connectTo: readonly string[]; readonly ca?: string }): Network {
  return {
    connectTo: new Map(flags.connectTo.map(readConnectTo)),
    ca: flags.ca === undefined ? undefined : readText("--ca", flags.ca),
  };
}

/** Reads a file that a flag names. Throws `input_unreadable`. */
export function readText(flag: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new PasserbyError("input_unreadable", `${flag} ${path} cannot be read: ${describeError(cause)}`, { cause });
  }
}

function readConnectTo(text: string): readonly [string, { readonly host: string; readonly port: number }] {
  const [, from, host, port] = /^([^=]+:\d+)=(.+):(\d+)$/.exec(text) ?? [];
  if (from !== undefined && host !== undefined) return [from, { host, port: Number(port) }];
  throw new PasserbyError(
    "setting_invalid",
    `--connect-to ${text} is not allowed: give it as metrics.example.com:443=203.0.113.7:443`,
  );
}

/** Reads an address of http or https. Throws `setting_invalid`, naming `what` was given. */
export function readAddress(what: string, text: string): URL {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  throw new PasserbyError(
    "setting_invalid",
    `${what} ${text} is not allowed: give an address such as https://metrics.example.com`,
  );
}

/** Reads a key from the file that a flag names, else from PASSERBY_KEY: on a command line other users could read it. */
export function readKey(path: string | undefined): string | undefined {
  return path === undefined ? process.env["PASSERBY_KEY"] || undefined : readText("--key-file", path).trim();
}
