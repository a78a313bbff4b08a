/**
 * Keys for programs and people: made once, shown once, stored as a hash. The file is re-read when it changes, so a key
 * made or revoked on the command line counts at once in a running server.
 */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Compile } from "typebox/compile";
import type { Clock } from "../../clock.ts";
import { PasserbyError, systemErrorCode } from "../../errors.ts";
import { replaceFile } from "../../replace-file.ts";

export const KEY_SCOPES = ["read", "ingest", "admin", "overlay"] as const;
export type KeyScope = (typeof KEY_SCOPES)[number];

/** How long an overlay's key is good at most: it lies in a page for as long as somebody looks at its panel. */
export const OVERLAY_LIFETIME_MS = 3_600_000;

const keyFileSchema = {
  type: "object",
  required: ["keys"],
  properties: {
    keys: {
      type: "array",
      items: {
        type: "object",
        required: ["id", "scope", "site", "hash", "created_at", "expires_at"],
        properties: {
          id: { type: "string" },
          scope: { type: "string", enum: ["read", "ingest", "admin", "overlay"] },
          site: { anyOf: [{ type: "string" }, { type: "null" }] },
          hash: { type: "string" },
          created_at: { type: "string" },
          expires_at: { anyOf: [{ type: "string" }, { type: "null" }] },
        },
      },
    },
  },
} as const;

const keyFile = Compile(keyFileSchema);

/** A key as it is stored: everything but the key itself. */
export type KeyRecord = {
  readonly id: string;
  readonly scope: KeyScope;
  /** The one site that the key is for; null for all. */
  readonly site: string | null;
  /** SHA-256 of the key, hex. The key has 256 random bits, so a slow hash would add nothing. */
  readonly hash: string;
  readonly created_at: string;
  readonly expires_at: string | null;
};

export type KeyOptions = { readonly scope: KeyScope; readonly site: string | null; readonly lifetimeMs: number | null };

export type KeyRing = {
  readonly list: () => readonly KeyRecord[];
  /** Returns the record of a presented key, or undefined when it is unknown, expired or revoked. */
  readonly find: (presented: string) => KeyRecord | undefined;
  /** Says whether a key with this id is there and has not expired. */
  readonly isAlive: (id: string) => boolean;
  /** Makes a key and stores its hash; the key itself is returned here and nowhere else. */
  readonly create: (options: KeyOptions) => { readonly key: string; readonly record: KeyRecord };
  /** Removes a key by id; false when there is none. */
  readonly revoke: (id: string) => boolean;
};

/** Returns the hash under which a secret is stored. */
export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** Opens the keys of a data directory. Throws `data_dir_unusable` when the file is there and cannot be read. */
export function openKeys(dataDir: string, clock: Clock): KeyRing {
  const path = join(dataDir, "keys.json");
  let version = "";
  let records: readonly KeyRecord[] = [];
  const list = (): readonly KeyRecord[] => {
    const current = fileVersion(path);
    if (current !== version) {
      records = current === "" ? [] : readRecords(path);
      version = current;
    }
    return records;
  };
  const isAlive = (record: KeyRecord): boolean =>
    record.expires_at === null || Date.parse(record.expires_at) > clock.now();
  return {
    list,
    find: (presented) => {
      const hash = hashSecret(presented);
      return list().find((record) => record.hash === hash && isAlive(record));
    },
    isAlive: (id) => list().some((record) => record.id === id && isAlive(record)),
    create: (options) => {
      const { key, record } = makeKey(options, clock);
      writeRecords(path, [...list(), record]);
      return { key, record };
    },
    revoke: (id) => {
      const left = list().filter((record) => record.id !== id);
      if (left.length === records.length) return false;
      writeRecords(path, left);
      return true;
    },
  };
}

function makeKey(options: KeyOptions, clock: Clock): { readonly key: string; readonly record: KeyRecord } {
  const key = `pb_${options.scope}_${Buffer.from(clock.randomBytes(32)).toString("base64url")}`;
  const now = clock.now();
  const record: KeyRecord = {
    id: Buffer.from(clock.randomBytes(6)).toString("hex"),
    scope: options.scope,
    site: options.site,
    hash: hashSecret(key),
    created_at: new Date(now).toISOString(),
    expires_at: options.lifetimeMs === null ? null : new Date(now + options.lifetimeMs).toISOString(),
  };
  return { key, record };
}

/** Changes whenever the file is replaced; empty while there is none. */
function fileVersion(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? "" : `${stats.ino}:${stats.mtimeMs}:${stats.size}`;
}

function readRecords(path: string): readonly KeyRecord[] {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (keyFile.Check(value)) return value.keys;
  } catch (cause) {
    if (systemErrorCode(cause) === "ENOENT") return [];
    throw new PasserbyError("data_dir_unusable", `${path} cannot be read: check owner, mode (0600) and JSON`, {
      cause,
    });
  }
  throw new PasserbyError("data_dir_unusable", `${path} is damaged: restore it, or move it away and make new keys`);
}

function writeRecords(path: string, records: readonly KeyRecord[]): void {
  replaceFile(path, `${JSON.stringify({ keys: records }, null, 2)}\n`);
}
