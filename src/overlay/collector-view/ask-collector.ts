/** Asks the collector of this page for what the panel and the badge show. */
import { parseObject, textOf } from "../read-json.ts";
import { parseConfig, parseSnapshot, type RunTimeConfig, type Snapshot } from "./parse-answers.ts";

const TIMEOUT_MS = 10_000;

/** What a question came to: a value, or in words why there is none. */
export type Asked<Value> = { readonly value: Value } | { readonly failure: string };

/** Which collector to ask and as whom; `token` undefined: as anybody. */
export type CollectorAddress = {
  readonly apiBaseUrl: string;
  readonly site: string | undefined;
  readonly token: string | undefined;
};

/** Asks what trackers are told now. Throws nothing. */
export async function askConfig({ apiBaseUrl }: CollectorAddress): Promise<Asked<RunTimeConfig>> {
  return ask(`${apiBaseUrl}/api/metrics/config`, {}, parseConfig);
}

/** Asks for the live snapshot of the site with at most `limit` last events. Throws nothing. */
export async function askSnapshot(
  { apiBaseUrl, site, token }: CollectorAddress,
  limit: number,
): Promise<Asked<Snapshot>> {
  const query = new URLSearchParams({ limit: `${limit}`, ...(site !== undefined && { site }) });
  const headers: HeadersInit = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  return ask(`${apiBaseUrl}/api/metrics/behavior?${query}`, headers, parseSnapshot);
}

async function ask<Value>(
  address: string,
  headers: HeadersInit,
  parse: (text: string) => Value,
): Promise<Asked<Value>> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await fetch(address, { headers, credentials: "omit", cache: "no-store", signal });
    const text = await answer.text();
    if (answer.ok) return { value: parse(text) };
    const { error, message } = parseObject(text);
    return { failure: [answer.status, textOf(error), textOf(message)].filter(Boolean).join(" ") };
  } catch {
    // Why, a page is not told: no network, no server, or an origin that ALLOWED_ORIGINS does not name.
    return { failure: "no answer" };
  }
}
