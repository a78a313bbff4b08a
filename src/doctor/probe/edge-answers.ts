/** One answer of each kind that an edge gives, from a page of the site, each asked once and none that stores anything. */
import { InputMissing } from "../input-errors.ts";
import { type Given, INPUT_FLAGS } from "../inputs.ts";
import { type Answer, headerOf } from "./ask.ts";
import { EVENT_PATH, HEALTH_PATH, type LiveCollector } from "./live-collector.ts";

/** An origin that nobody can have: `.invalid` is reserved (RFC 6761). */
export const FOREIGN_ORIGIN = "https://passerby-doctor.invalid";
/** One byte more than the collector takes. */
const TOO_MANY_BYTES = 65_537;
const SCRIPT_PATH = "/passerby-full.js";

/** An answer, and what was asked: `GET https://metrics.example.com/api/metrics/health`. */
export type EdgeAnswer = { readonly answer: Answer; readonly where: string };

/** The origin of the site, or the first that ALLOWED_ORIGINS names in full. Throws InputMissing where neither is known. */
export async function allowedOrigin(given: Given): Promise<string> {
  const site = await given.may("site");
  if (site !== undefined) return site.url.origin;
  const settings = await given.may("settings");
  const named = settings?.settings.allowedOrigins.find((origin) => /^https?:\/\/[^*]+$/.test(origin));
  if (named === undefined) throw new InputMissing(INPUT_FLAGS.site);
  return named;
}

/** A preflight, as a browser sends it before an event in JSON. */
export async function askPreflight(live: LiveCollector, origin: string): Promise<EdgeAnswer> {
  const headers = { origin, "access-control-request-method": "POST", "access-control-request-headers": "content-type" };
  return {
    answer: await live.askOnce(EVENT_PATH, { method: "OPTIONS", headers }),
    where: at(live, "OPTIONS", EVENT_PATH),
  };
}

/** What a page gets that uses the wrong method, which most edges refuse by themselves. */
export async function askWrongMethod(live: LiveCollector, origin: string): Promise<EdgeAnswer> {
  const answer = await live.askOnce(EVENT_PATH, { headers: { origin } });
  return { answer, where: at(live, "GET", EVENT_PATH) };
}

/** Errors as a page gets them: no such path, wrong method, too large, no body. None of them is stored. */
export async function askErrors(live: LiveCollector, origin: string): Promise<readonly EdgeAnswer[]> {
  const json = { origin, "content-type": "application/json" };
  const nothing = "/api/metrics/nothing";
  return [
    { answer: await live.askOnce(nothing, { headers: { origin } }), where: at(live, "GET", nothing) },
    await askWrongMethod(live, origin),
    {
      answer: await live.askOnce(EVENT_PATH, { method: "POST", headers: json, body: " ".repeat(TOO_MANY_BYTES) }),
      where: `${at(live, "POST", EVENT_PATH)} (${TOO_MANY_BYTES} bytes)`,
    },
    {
      answer: await live.askOnce(EVENT_PATH, { method: "POST", headers: json, body: "" }),
      where: `${at(live, "POST", EVENT_PATH)} (no body)`,
    },
  ];
}

/** Answers of every kind: health, preflight, a script that has not changed, and the errors. */
export async function askEveryKind(live: LiveCollector, origin: string): Promise<readonly EdgeAnswer[]> {
  const health = await live.askOnce(HEALTH_PATH, { headers: { origin } });
  const script = await askUnchangedScript(live);
  return [
    { answer: health, where: at(live, "GET", HEALTH_PATH) },
    await askPreflight(live, origin),
    ...(script === undefined ? [] : [{ answer: script, where: at(live, "GET", SCRIPT_PATH) }]),
    ...(await askErrors(live, origin)),
  ];
}

/** The tracker's script, asked for as a browser does that has it. */
async function askUnchangedScript(live: LiveCollector): Promise<Answer | undefined> {
  const first = await live.askOnce(SCRIPT_PATH);
  const tag = headerOf(first, "etag");
  if (first.status !== 200) return undefined;
  return tag === undefined ? first : live.askOnce(SCRIPT_PATH, { headers: { "if-none-match": tag } });
}

function at(live: LiveCollector, method: string, path: string): string {
  return `${method} ${live.at(path).href}`;
}
