/**
 * Signing in to the dashboard: a key or a one-time token becomes a session, whose cookie is the only thing the browser
 * holds. Sessions are stored as hashes and survive a restart; one-time tokens live in memory, once, for 10 minutes.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Compile } from "typebox/compile";
import type { Clock } from "../../clock.ts";
import { systemErrorCode } from "../../errors.ts";
import { replaceFile } from "../../replace-file.ts";
import { hashSecret, type KeyRing } from "./keys.ts";

const TOKEN_LIFETIME_MS = 10 * 60_000;
const SESSION_LIFETIME_MS = 30 * 86_400_000;
const MAX_SESSIONS = 1_000;

const sessionFile = Compile({
  type: "array",
  items: {
    type: "object",
    required: ["hash", "key_id", "site", "expires_at_ms"],
    properties: {
      hash: { type: "string" },
      key_id: { anyOf: [{ type: "string" }, { type: "null" }] },
      site: { anyOf: [{ type: "string" }, { type: "null" }] },
      expires_at_ms: { type: "number" },
    },
  },
} as const);

/** What a signed-in browser may see: one site, or all (null). */
export type Session = { readonly site: string | null };

type StoredSession = {
  readonly hash: string;
  /** The key that the session stands for; it ends with it. Null for a one-time token. */
  readonly key_id: string | null;
  readonly site: string | null;
  readonly expires_at_ms: number;
};

export type SignIn = {
  /** Makes a one-time token that opens a session over all sites. */
  readonly issueToken: () => string;
  /** Exchanges a key with scope read or admin, or a token, for a session secret; undefined when it is not good. */
  readonly open: (credential: { readonly key?: string; readonly token?: string }) => string | undefined;
  /** Returns the session of a cookie's secret. */
  readonly find: (secret: string) => Session | undefined;
  readonly close: (secret: string) => void;
  readonly sessionLifetimeMs: number;
};

/** Opens the sessions of a data directory. */
export function openSignIn(dataDir: string, options: { readonly clock: Clock; readonly keys: KeyRing }): SignIn {
  const { clock, keys } = options;
  const path = join(dataDir, "sessions.json");
  const sessions = new Map(readSessions(path).map((session) => [session.hash, session]));
  const tokens = new Map<string, number>();
  const save = (): void => {
    for (const session of sessions.values()) if (session.expires_at_ms <= clock.now()) sessions.delete(session.hash);
    const newest = [...sessions.values()].slice(-MAX_SESSIONS);
    replaceFile(path, `${JSON.stringify(newest, null, 2)}\n`);
  };
  const start = (keyId: string | null, site: string | null): string => {
    const secret = Buffer.from(clock.randomBytes(32)).toString("base64url");
    const hash = hashSecret(secret);
    sessions.set(hash, { hash, key_id: keyId, site, expires_at_ms: clock.now() + SESSION_LIFETIME_MS });
    save();
    return secret;
  };
  const useToken = (token: string): string | undefined => {
    const hash = hashSecret(token);
    const expires = tokens.get(hash);
    tokens.delete(hash);
    return expires !== undefined && expires > clock.now() ? start(null, null) : undefined;
  };
  const useKey = (presented: string): string | undefined => {
    const record = keys.find(presented);
    if (record === undefined || (record.scope !== "read" && record.scope !== "admin")) return undefined;
    return start(record.id, record.site);
  };
  return {
    sessionLifetimeMs: SESSION_LIFETIME_MS,
    issueToken: () => {
      const token = Buffer.from(clock.randomBytes(24)).toString("base64url");
      tokens.set(hashSecret(token), clock.now() + TOKEN_LIFETIME_MS);
      return token;
    },
    open: ({ key, token }) => {
      if (token !== undefined) return useToken(token);
      return key === undefined ? undefined : useKey(key);
    },
    find: (secret) => {
      const session = sessions.get(hashSecret(secret));
      if (session === undefined || session.expires_at_ms <= clock.now()) return undefined;
      const hasLostKey = session.key_id !== null && !keys.isAlive(session.key_id);
      return hasLostKey ? undefined : { site: session.site };
    },
    close: (secret) => {
      if (sessions.delete(hashSecret(secret))) save();
    },
  };
}

function readSessions(path: string): readonly StoredSession[] {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    return sessionFile.Check(value) ? value : [];
  } catch (error) {
    // A lost session file signs everybody out and nothing else; it must not keep the collector from starting.
    if (systemErrorCode(error) === "ENOENT" || error instanceof SyntaxError) return [];
    throw error;
  }
}
