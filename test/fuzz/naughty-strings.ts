/** Strings that break things, an event that carries one wherever a text may be, and what of it must come out again. */
import { readFileSync } from "node:fs";
import { BOUNDS } from "../../src/event.ts";
import { sharedData } from "../means.ts";

/** Cases of our own, for where the shared lists are not there. */
const OWN = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  '"><svg onload=alert(1)>',
  "javascript:alert(1)",
  "'; DROP TABLE events; --",
  "' OR '1'='1",
  "%_\\%\\_",
  "$f0 $1 ? :name",
  "{{7*7}} #{7*7}",
  "=1+1 @SUM(A1) +1 -1",
  "__proto__",
  "constructor",
  "line\nbreak\r\nand\ttab",
  "\u001b[31mred\u001b[0m",
  "nul\u0000inside",
  "\u202eright to left\u2028\u2029",
  "e\u0301 \u00e9 \ufeff \u200b",
  "👩‍👩‍👧‍👦🏳️‍🌈",
  '\\"\\u0000\\',
  "(not set)",
  "Direct / None",
];

/** What scrub takes out of the shared lists on purpose: long random words, and queries and fragments of addresses. */
const SCRUBBED = [
  ...[
    "AGUAcgByAG8AcgA9AGEAbABlAHIAdAAoADEAKQ",
    "PHN2Zy9vbmxvYWQ9YWxlcnQoMik",
    "PHNjcmlwdD54PW5ldyBYTUxIdHRwUmVxdWVzdCgpO3gub3Blbig",
  ],
  ...["somecommand.php?somevariables", "h4k.in/mozxss.xml#xss", "sla.ckers.org/forum/read.php?2"],
];

/** Names of keys that are refused; everything else is a name like any other. */
const REFUSED_KEYS = ["__proto__", "constructor", "prototype"];

function readShared(name: string): readonly string[] {
  const path = sharedData(name);
  const lines = path === undefined ? [] : readFileSync(path, "utf8").trim().split("\n");
  return lines.map((line) => {
    const { s }: { readonly s: string } = JSON.parse(line);
    return s;
  });
}

/** Every string once, without those that scrub changes. */
export const NAUGHTY: readonly string[] = [
  ...new Set([...OWN, ...readShared("naughty_strings_blns.jsonl"), ...readShared("attack_strings.jsonl")]),
].filter((text) => !SCRUBBED.some((part) => text.includes(part)));

/** The strings that scrub changes, for saying that it does. */
export const REDACTED: readonly string[] = readShared("attack_strings.jsonl").filter((text) =>
  SCRUBBED.some((part) => text.includes(part)),
);

export type NaughtyEvent = {
  readonly event: string;
  readonly visitor_id: string;
  readonly url: string;
  readonly referrer: string;
  readonly title?: string;
  readonly metadata: Readonly<Record<string, unknown>>;
};

/** Puts a string wherever an event may hold it; `number` is a number of its own. */
export function makeNaughtyEvent(text: string, number: number): NaughtyEvent {
  const name = text.trim();
  const isName = name !== "" && name.length <= 64;
  const isKey = text !== "" && text.length <= BOUNDS.metadataKeyLength && !REFUSED_KEYS.includes(text);
  return {
    event: isName ? name : "too_long_for_a_name",
    visitor_id: `visitor-${number}`,
    url: `https://example.com/${text}`,
    referrer: `https://other.example/${text}`,
    ...(text.length <= 256 && text !== "" && { title: text }),
    metadata: { number, text, nested: { list: [text, { text }] }, ...(isKey && { [`k${text}`.slice(0, 64)]: text }) },
  };
}

/** An address without query and fragment: these strings have no parameter that is kept. */
export function cutAddress(address: string): string {
  return address.slice(0, address.search(/[?#]|$(?![\s\S])/));
}
