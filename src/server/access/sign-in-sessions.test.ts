import { mkdtempSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { type Clock, systemClock } from "../../clock.ts";
import { openKeys } from "./keys.ts";
import { openSignIn, type SignIn } from "./sign-in-sessions.ts";

const DAY_MS = 86_400_000;
const all = { scope: "read", site: null, lifetimeMs: null } as const;
let dataDir: string;
let nowMs: number;
let clock: Clock;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "passerby-keys-"));
  nowMs = Date.parse("2026-11-23T12:00:00Z");
  clock = { ...systemClock, now: () => nowMs };
});

function open(): SignIn {
  return openSignIn(dataDir, { clock, keys: openKeys(dataDir, clock) });
}

describe("a key", () => {
  it("is found again by another process and stored as a hash only, readable by its owner only", () => {
    const { key, record } = openKeys(dataDir, clock).create(all);
    expect(openKeys(dataDir, clock).find(key)).toEqual(record);
    const path = join(dataDir, "keys.json");
    expect(readFileSync(path, "utf8")).not.toContain(key.slice(8));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("counts at once in a server that is running, and no longer once it is revoked there", () => {
    const server = openKeys(dataDir, clock);
    const terminal = openKeys(dataDir, clock);
    expect(server.find("pb_read_unknown")).toBeUndefined();
    const { key, record } = terminal.create(all);
    expect(server.find(key)?.id).toBe(record.id);
    expect(terminal.revoke(record.id)).toBe(true);
    expect(server.find(key)).toBeUndefined();
    expect(terminal.revoke(record.id)).toBe(false);
  });

  it("ends when its time is over", () => {
    const keys = openKeys(dataDir, clock);
    const { key } = keys.create({ ...all, lifetimeMs: DAY_MS });
    nowMs += DAY_MS - 1;
    expect(keys.find(key)).toBeDefined();
    nowMs += 1;
    expect(keys.find(key)).toBeUndefined();
  });
});

describe("a one-time link", () => {
  it("opens one session and no second", () => {
    const signIn = open();
    const token = signIn.issueToken();
    const secret = signIn.open({ token }) ?? "";
    expect(signIn.find(secret)).toEqual({ site: null });
    expect(signIn.open({ token })).toBeUndefined();
  });

  it("is dead after 10 minutes", () => {
    const signIn = open();
    const token = signIn.issueToken();
    nowMs += 10 * 60_000;
    expect(signIn.open({ token })).toBeUndefined();
  });
});

describe("a session", () => {
  it("survives a restart and ends when its owner signs out", () => {
    const signIn = open();
    const secret = signIn.open({ token: signIn.issueToken() }) ?? "";
    const restarted = open();
    expect(restarted.find(secret)).toEqual({ site: null });
    restarted.close(secret);
    expect(restarted.find(secret)).toBeUndefined();
    expect(open().find(secret)).toBeUndefined();
  });

  it("sees the one site of its key and ends with the key", () => {
    const keys = openKeys(dataDir, clock);
    const { key, record } = keys.create({ ...all, site: "a.com", lifetimeMs: DAY_MS });
    const signIn = open();
    const secret = signIn.open({ key }) ?? "";
    expect(signIn.find(secret)).toEqual({ site: "a.com" });
    nowMs += DAY_MS;
    expect(signIn.find(secret)).toBeUndefined();
    nowMs -= DAY_MS;
    keys.revoke(record.id);
    expect(signIn.find(secret)).toBeUndefined();
  });

  it("ends after 30 days", () => {
    const signIn = open();
    const secret = signIn.open({ token: signIn.issueToken() }) ?? "";
    nowMs += 30 * DAY_MS;
    expect(signIn.find(secret)).toBeUndefined();
  });

  it("is not opened by a key that may not read", () => {
    const { key } = openKeys(dataDir, clock).create({ ...all, scope: "ingest" });
    expect(open().open({ key })).toBeUndefined();
  });
});
