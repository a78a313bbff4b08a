import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { type Clock, systemClock } from "../../clock.ts";
import { type ActiveVisitors, trackActiveVisitors } from "./active-visitors.ts";
import { currentVisitorId, deriveVisitorId, forgetVisitors } from "./identify.ts";
import { createSaltKey } from "./salt-key.ts";
import { openSalts, type SaltKeeper } from "./salts.ts";

const traits = { site: "example.com", address: "192.0.2.1", userAgent: "Browser/1" };
const at = (text: string): number => Date.parse(`2026-11-${text}Z`);
const clock: Clock = { ...systemClock, now: () => at("22T23:30:00") };

function open(): SaltKeeper {
  const dataDir = mkdtempSync(join(tmpdir(), "passerby-identify-"));
  return openSalts(dataDir, { clock, onWarning: (message) => expect.fail(message) });
}

describe("a visitor id", () => {
  it("is 22 characters of base64url and shares nothing between salts, sites, addresses and browsers", () => {
    const salt = createSaltKey(clock.randomBytes(32));
    const ids = [
      deriveVisitorId(salt, traits),
      deriveVisitorId(createSaltKey(clock.randomBytes(32)), traits),
      deriveVisitorId(salt, { ...traits, site: "other.org" }),
      deriveVisitorId(salt, { ...traits, address: "192.0.2.2" }),
      deriveVisitorId(salt, { ...traits, userAgent: "Browser/2" }),
    ];
    expect(new Set(ids).size).toBe(5);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/);
  });

  it("cannot be made equal by moving text between its parts", () => {
    const salt = createSaltKey(clock.randomBytes(32));
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

describe("a visit over midnight UTC", () => {
  let active: ActiveVisitors;
  const idAt = (salts: SaltKeeper, time: string): string =>
    currentVisitorId({ salts, active, last: undefined }, traits, at(time));

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

  it("gets a new id when it was forgotten", () => {
    const salts = open();
    const evening = idAt(salts, "22T23:50:00");
    active.touch(evening, at("22T23:50:00"));
    forgetVisitors({ salts, active, last: undefined });
    expect(active.size()).toBe(0);
    expect(idAt(salts, "23T00:10:00")).not.toBe(evening);
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
    active.touch("somebody", at("22T23:59:00"));
    active.touch("somebody", at("23T00:30:00"));
    expect(active.size()).toBe(0);
  });

  it("is remembered through a flood of ids, which takes no more memory than its bound", () => {
    active = trackActiveVisitors(1000);
    const flood = (from: number, time: string): void => {
      for (let number = from; number < from + 499; number += 1) active.touch(`flood-${number}`, at(time));
    };
    active.touch("somebody", at("22T23:50:00"));
    flood(0, "22T23:51:00");
    expect(active.wasActive("somebody", at("23T00:01:00"))).toBe(true);
    flood(1000, "22T23:52:00");
    flood(2000, "22T23:53:00");
    expect(active.size()).toBeLessThanOrEqual(1000);
    expect(active.wasActive("somebody", at("23T00:01:00"))).toBe(false);
  });

  it("is not pushed out by the visitors of the new day", () => {
    active = trackActiveVisitors(10);
    active.touch("somebody", at("22T23:50:00"));
    for (let number = 0; number < 100; number += 1) active.touch(`new-${number}`, at("23T00:05:00"));
    expect(active.wasActive("somebody", at("23T00:06:00"))).toBe(true);
  });
});
