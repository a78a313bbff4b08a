/** Requests of the tracker: without cookies, without a preflight, and without an exception when they fail. */

/** Longer than any answer worth waiting for; without it a hung connection would hold the queue for ever. */
const TIMEOUT_MS = 10_000;

/** Sends a request; undefined when no answer came. */
export async function request(address: string, init: RequestInit): Promise<Response | undefined> {
  try {
    return await fetch(address, { ...init, credentials: "omit", signal: AbortSignal.timeout?.(TIMEOUT_MS) });
  } catch {
    return undefined;
  }
}

/** Posts a body as text/plain, in a way that outlives the page; undefined when no answer came. */
export async function post(address: string, body: string): Promise<Response | undefined> {
  if ("keepalive" in Request.prototype) return request(address, { method: "POST", body, keepalive: true });
  // Firefox before 133 has no keepalive. A beacon outlives the page too, but nobody hears its answer.
  return navigator.sendBeacon(address, body) ? new Response() : undefined;
}

/** Which configuration the collector has; undefined or null when it has not said. */
export type ConfigTag = string | null | undefined;

/** Reads which configuration the collector has. */
export function readConfigTag(answer: Response | undefined): ConfigTag {
  return answer?.headers.get("Passerby-Config");
}
