/** Who may read: a bearer key with a fitting scope, or the dashboard's cookie on a request from its own pages. */
import type { IncomingMessage } from "node:http";
import type { FastifyRequest } from "fastify";
import { PasserbyError } from "../../errors.ts";
import type { KeyRecord, KeyRing, KeyScope } from "./keys.ts";
import type { Session, SignIn } from "./sign-in-sessions.ts";

/** Cookie of a session; under TLS with the `__Host-` prefix, which pins it to this host and path (RFC 6265bis 4.1.3). */
export const COOKIE = { plain: "passerby_session", secure: "__Host-passerby_session" } as const;

/** Says whether the browser speaks TLS to us or to the proxy in front. */
export function isSecure(request: FastifyRequest): boolean {
  return request.headers["x-forwarded-proto"] === "https" || request.protocol === "https";
}

/** Returns the key of `Authorization: Bearer …`, or undefined when none was sent. Throws `key_required` for a bad one. */
export function readBearer(request: Pick<IncomingMessage, "headers">, keys: KeyRing): KeyRecord | undefined {
  const header = request.headers.authorization;
  if (header === undefined) return undefined;
  const presented = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(header)?.[1];
  const record = presented === undefined ? undefined : keys.find(presented);
  if (record !== undefined) return record;
  throw new PasserbyError(
    "key_required",
    "this key is not known, or it has expired: make one with passerby key create",
  );
}

/** Says whether a key covers a scope; admin covers all. */
export function covers(record: KeyRecord, scope: KeyScope): boolean {
  return record.scope === scope || record.scope === "admin";
}

/** Says whether a key may read live data: one that may read, or an overlay's, which is always for one site. */
export function mayReadLive(record: KeyRecord): boolean {
  return covers(record, "read") || (record.scope === "overlay" && record.site !== null);
}

/** Returns the key of a request, which must cover a scope. Throws `key_required` or `scope_missing`. */
export function requireKey(request: FastifyRequest, keys: KeyRing, scope: KeyScope): KeyRecord {
  const record = readBearer(request, keys);
  if (record === undefined) {
    throw new PasserbyError("key_required", `send a key with scope ${scope} as Authorization: Bearer`);
  }
  if (covers(record, scope)) return record;
  throw new PasserbyError(
    "scope_missing",
    `this key has the scope ${record.scope}: this needs one with scope ${scope}`,
  );
}

/**
 * Returns what a reader may see: a session's or a key's one site, or all (null). Throws `key_required`, `scope_missing`,
 * or `origin_not_allowed` for a cookie that came from another page (a cookie alone proves nothing about the page).
 */
export function requireReader(
  request: FastifyRequest,
  { keys, signIn }: { readonly keys: KeyRing; readonly signIn: SignIn },
): Session {
  const record = readBearer(request, keys);
  if (record !== undefined) {
    if (covers(record, "read")) return { site: record.site };
    throw new PasserbyError(
      "scope_missing",
      `this key has the scope ${record.scope}: reading needs one with scope read`,
    );
  }
  requireOwnPage(request);
  const session = signIn.find(readCookie(request) ?? "");
  if (session !== undefined) return session;
  throw new PasserbyError("key_required", "sign in, or send a key with scope read as Authorization: Bearer");
}

/** Throws unless the request comes from a page of this server as `application/json`, which no foreign form can send. */
export function requireOwnPage(request: FastifyRequest): void {
  const origin = request.headers.origin;
  const host = origin === undefined ? undefined : /^https?:\/\/(.+)$/.exec(origin)?.[1];
  if (host === undefined && request.headers["sec-fetch-site"] === undefined) return;
  if (host !== undefined && host === request.headers.host) return;
  throw new PasserbyError("origin_not_allowed", "this request does not come from the dashboard's own page");
}

/** Returns the secret of the session cookie. */
export function readCookie(request: FastifyRequest): string | undefined {
  return request.cookies[isSecure(request) ? COOKIE.secure : COOKIE.plain];
}

/** Throws `scope_missing` when a reader bound to one site asks for another. */
export function requireSite(session: Session, site: string): void {
  if (session.site === null || session.site === site) return;
  throw new PasserbyError("scope_missing", `this key is for the site ${session.site} only`);
}
