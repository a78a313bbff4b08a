/**
 * What counts as personal or secret in a piece of text, and the replacement of it; each pattern runs in time linear in
 * the text, because every repetition has an upper bound.
 *
 * Left alone on purpose: UUIDs and ULIDs (ids of things, and a UUID is 36 characters that say what they are), versions,
 * dates, prices, IP addresses, and numbers without a mark of a phone or a card: ten bare digits are as often a time in
 * seconds as somebody's number. A hit only has to look like one; a missed one is worse than a page called [redacted].
 */

import { replaceEmails } from "./email-addresses.ts";

export const REDACTED = "[redacted]";

/** A scrubbed value and how many places were replaced in it. */
export type Scrubbed<Value> = { readonly value: Value; readonly redacted: number };

/** `+49 170 1234567`, `0049…` */
const INTERNATIONAL_PHONE = /(?<!\w)(?:\+[1-9](?:[ ()+./-]{0,3}\d){6,14}|00[1-9](?:[ ()./-]{0,3}\d){9,13})(?!\w)/g;
/** `(555) 123-4567`, `555.123.4567`, `1-555-123-4567` */
const AMERICAN_PHONE = /(?<![\w.-])(?:1[ .-])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-])\d{3}[ .-]\d{4}(?![\w-]|\.\d)/g;
/** `030 1234567`, `06 12 34 56 78`, `(0171) 123-4567`, `07911123456`; in a path a number with a leading 0 is an id. */
const NATIONAL_PHONE = /(?<![\w.,:/=-])\(?0[1-9](?:[ ()/-]{0,2}\d){7,10}(?!\w|[.,]\d)/g;
const DATE = /^\(?0\d[ ./-]\d{1,2}[ ./-]\d{4}/;
/** The number of a link to call or to write to, whatever its form. */
const CALL_LINK = /\b(?<=(?:tel|sms|callto):)[+\d(][\d ().-]{3,22}\d/gi;

const CARD = /(?<!\d)(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}|3\d{3}([ -])\d{6}\2\d{4,5})(?!\d)/g;
/** Number ranges of the payment networks: Visa, Mastercard, Amex, Diners, JCB, Discover, UnionPay, Maestro. */
const CARD_RANGE =
  /^(?:4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|3[47]\d{13}|3(?:0[0-59]|[689]\d)\d{11,16}|35\d{14,17}|6(?:011|4[4-9]\d|5\d\d)\d{12,15}|62\d{14,17}|(?:50|5[6-9]|6\d)\d{14,17})$/;

/** Signed tokens and keys whose makers gave them a mark. */
const KNOWN_TOKEN =
  /(?<![\w-])(?:eyJ[\w-]{10,4096}\.[\w-]{4,8192}(?:\.[\w-]{0,4096})?|[spr]k_(?:live|test)_\w{10,128}|gh[opsur]_\w{30,255}|github_pat_\w{20,255}|glpat-[\w-]{16,64}|xox[abeoprs]-[\w-]{10,255}|A(?:KI|SI)A[A-Z0-9]{16}(?!\w)|AIza[\w-]{30,40})/g;
const LONG_HEX = /(?<![0-9a-z])[0-9a-f]{32,4096}(?![0-9a-z])/gi;
const RUN = /[A-Za-z0-9_-]{20,16384}/g;
const UUID = /(?<![0-9a-z])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-z])/gi;
const ULID = /(?<![0-9a-z])01[0-9A-HJKMNP-TV-Z]{24}(?![0-9a-z])/gi;

/** A run of characters of this length or more may be a token. */
const TOKEN_LENGTH = 20;
const PHONE_DIGITS = 7;
/**
 * Passes over a text, the parts and decoded forms of it included; an ordinary one with something to redact takes eleven
 * at most.
 */
const MAX_PASSES = 12;
/** A part this short counts as this long, so that a path of a few letters has its passes. */
const SHORT_TEXT = 256;

/** Characters that may still be looked at for one text. What is not looked at is replaced as a whole. */
export type Effort = { left: number };

/** Returns the effort that a text is worth: a few passes, so that no text takes longer than its length allows. */
export function effortFor(text: string): Effort {
  return { left: Math.max(text.length, SHORT_TEXT) * MAX_PASSES };
}

/**
 * Replaces what looks personal or secret by `[redacted]`. Calling it again on the result changes nothing. Text without
 * such a thing comes back as the same string after one pass over its characters; a text that still changes when the
 * effort is spent is replaced as a whole.
 */
export function redact(text: string, effort: Effort = effortFor(text)): Scrubbed<string> {
  if (!isSuspect(text)) return { value: text, redacted: 0 };
  let value = text;
  let redacted = 0;
  // A replacement can set a neighbour free to match, so it goes on until nothing changes.
  while (effort.left >= value.length) {
    effort.left -= value.length;
    const next = redactOnce(value);
    if (next.redacted === 0) return { value, redacted };
    value = next.value;
    redacted += next.redacted;
  }
  return { value: REDACTED, redacted: redacted + 1 };
}

function redactOnce(text: string): Scrubbed<string> {
  let redacted = 0;
  const replace = (): string => {
    redacted += 1;
    return REDACTED;
  };
  const replaceIf = (isHit: (match: string) => boolean) => (match: string) => (isHit(match) ? replace() : match);
  let value = text;
  if (value.includes("@")) value = replaceEmails(value, replace);
  value = value.replace(KNOWN_TOKEN, replace).replace(LONG_HEX, replaceIf(hasDigitAndLetter));
  value = value.replace(RUN, replaceIf(isToken));
  value = redactCards(value, replace);
  value = value.replace(CALL_LINK, replace).replace(INTERNATIONAL_PHONE, replace).replace(AMERICAN_PHONE, replace);
  value = value.replace(
    NATIONAL_PHONE,
    replaceIf((match) => !DATE.test(match)),
  );
  return { value, redacted };
}

/** Decides in one pass whether a text can hold anything at all; most texts end here. */
function isSuspect(text: string): boolean {
  let digits = 0;
  let run = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    // Letters apart from case, the commonest first.
    if ((code | 32) >= 97 && (code | 32) <= 122) run += 1;
    else if (code >= 48 && code <= 57) {
      digits += 1;
      run += 1;
    } else if (code === 95) run += 1;
    // A hyphen ends the run, so that the slug of an article costs no more than this pass; hardly a token with hyphens
    // has neither seven digits nor sixteen characters between two of them.
    else if (code === 64) return true;
    else run = 0;
    if (run >= 16 || digits >= PHONE_DIGITS) return true;
  }
  return false;
}

function hasDigitAndLetter(text: string): boolean {
  return /\d/.test(text) && /[a-z]/i.test(text);
}

/**
 * Random text changes between capitals, small letters and digits at almost every second character, words and slugs at
 * one in ten or fewer; the step from a capital to a small letter is how a word begins and does not count.
 */
function isToken(run: string): boolean {
  const text = run.replace(UUID, "").replace(ULID, "");
  if (text.length < TOKEN_LENGTH) return false;
  let changes = 0;
  let last = "";
  for (const character of text) {
    const kind = kindOf(character);
    if (last !== "" && kind !== "" && kind !== last && !(last === "capital" && kind === "small")) changes += 1;
    last = kind;
  }
  return changes * 4 >= text.length;
}

function kindOf(character: string): string {
  if (character >= "0" && character <= "9") return "digit";
  if (character >= "a" && character <= "z") return "small";
  return character >= "A" && character <= "Z" ? "capital" : "";
}

function redactCards(text: string, replace: () => string): string {
  let out = "";
  let done = 0;
  CARD.lastIndex = 0;
  for (let match = CARD.exec(text); match !== null; match = CARD.exec(text)) {
    if (isCard(match[0].replaceAll(/\D/g, ""))) {
      out += text.slice(done, match.index) + replace();
      done = CARD.lastIndex;
    } else {
      // `2026 4111 1111 1111 1111`: the card begins inside what was matched.
      CARD.lastIndex = match.index + 1;
    }
  }
  return out + text.slice(done);
}

/** Says whether digits are a payment card's: in a network's range and with the check digit of ISO/IEC 7812 (Luhn). */
function isCard(digits: string): boolean {
  if (!CARD_RANGE.test(digits)) return false;
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 48;
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
