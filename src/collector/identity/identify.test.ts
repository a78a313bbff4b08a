import { mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { type Clock, systemClock } from "../../clock.ts";
import { type ActiveVisitors, trackActiveVisitors } from "./active-visitors.ts";
import { currentVisitorId, deriveVisitorId } from "./identify.ts";
import { openSalts, type SaltKeeper } from "./salts.ts";

const traits = { site: "example.com", address: "192.0.2.1", userAgent: "Browser/1" };
const clock: Clock = systemClock;
const at = (text: string): number => Date.parse(`2026-11-${text}Z`);

let dataDir: string;
let warnings: string[];
const open = (): SaltKeeper => openSalts(dataDir, { clock, onWarning: (message) => warnings.push(message) });

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "passerby-salts-"));
  warnings = [];
});

describe("a visitor id", () => {
  it("is 22 characters of base64url and shares nothing between salts, sites, addresses and browsers", () => {
    const salt = clock.randomBytes(32);
    const ids = [
      deriveVisitorId(salt, traits),
      deriveVisitorId(clock.randomBytes(32), traits),
      deriveVisitorId(salt, { ...traits, site: "other.org" }),
      deriveVisitorId(salt, { ...traits, address: "192.0.2.2" }),
      deriveVisitorId(salt, { ...traits, userAgent: "Browser/2" }),
    ];
    expect(new Set(ids).size).toBe(5);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/);
  });

  it("cannot be made equal by moving text between its parts", () => {
    const salt = clock.randomBytes(32);
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.nat(6), (site, address, userAgent, cut) => {
        const joined = site + address;
        const moved = { site: joined.slice(0, cut), address: joined.slice(cut), userAgent };
        fc.pre(moved.site !== site);
        return deriveVisitorId(salt, { site, address, userAgent }) !== deriveVisitorId(salt, moved);
      }),
    );
  });
});

describe("the daily salts", () => {
  it("stay through a restart on the same day", () => {
    const before = open().at(at("23T10:00:00")).today;
    expect(open().at(at("23T23:59:59")).today.equals(before)).toBe(true);
  });

  it("are two at most, the older one that of yesterday", () => {
    const salts = open();
    const first = salts.at(at("22T10:00:00")).today;
    const second = salts.at(at("23T00:00:00"));
    expect(second.yesterday?.equals(first)).toBe(true);
    expect(second.today.equals(first)).toBe(false);
    expect(salts.at(at("24T00:00:00")).yesterday?.equals(second.today)).toBe(true);
    const stored = readFileSync(join(dataDir, "salts.json"), "utf8");
    expect(Object.keys(JSON.parse(stored))).toEqual(["2026-11-23", "2026-11-24"]);
    expect(stored).not.toContain(first.export().toString("base64url"));
  });

  it("are destroyed although nobody came for days", () => {
    open().at(at("20T10:00:00"));
    expect(open().at(at("24T10:00:00")).yesterday).toBeUndefined();
  });

  it("are readable by their owner only", () => {
    open().at(at("23T10:00:00"));
    expect(statSync(join(dataDir, "salts.json")).mode & 0o777).toBe(0o600);
  });

  it("that are damaged stop the start instead of silently giving everybody a new id", () => {
    writeFileSync(join(dataDir, "salts.json"), "{]");
    expect(open).toThrow(/salts\.json is damaged/);
  });
});

describe("a visit over midnight UTC", () => {
  let active: ActiveVisitors;
  const idAt = (salts: SaltKeeper, time: string): string =>
    currentVisitorId({ salts, active, derived: new WeakMap() }, traits, at(time));

  beforeEach(() => {
    active = trackActiveVisitors();
  });

  it("keeps its id for half an hour when it was active in the last half hour", () => {
    const salts = open();
    const evening = idAt(salts, "22T23:50:00");
    active.touch(evening, at("22T23:50:00"));
    expect(idAt(salts, "23T00:10:00")).toBe(evening);
    expect(idAt(salts, "23T00:30:00")).not.toBe(evening);
  });

  it("gets a new id when it was idle for longer", () => {
    const salts = open();
    const evening = idAt(salts, "22T23:35:00");
    active.touch(evening, at("22T23:35:00"));
    expect(idAt(salts, "23T00:06:00")).not.toBe(evening);
  });

  it("is remembered only around midnight", () => {
    active.touch("somebody", at("22T12:00:00"));
    expect(active.wasActive("somebody", at("22T12:00:01"))).toBe(false);
  });
});
