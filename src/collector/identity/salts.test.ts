import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { hasTmpfs, mountTmpfs } from "../../../test/fault/tmpfs.ts";
import { type Clock, systemClock } from "../../clock.ts";
import { readSalts } from "./salt-file.ts";
import type { SaltKey } from "./salt-key.ts";
import { fingerprintOf, readSaltRecord } from "./salt-record.ts";
import { reportSalts, type SaltReport } from "./salt-report.ts";
import { openSalts, type SaltKeeper } from "./salts.ts";

const at = (text: string): number => Date.parse(`2026-11-${text}Z`);

let nowMs: number;
let dataDir: string;
let warnings: string[];
const clock: Clock = { ...systemClock, now: () => nowMs };

/** A start at a time. */
function open(time: string): SaltKeeper {
  nowMs = at(time);
  return openSalts(dataDir, { clock, onWarning: (message) => warnings.push(message) });
}

function report(time: string): SaltReport {
  return reportSalts(dataDir, at(time));
}

const file = (name: string): string => join(dataDir, name);
const days = (): readonly string[] => [...readSalts(dataDir).keys()];
/** The record as a small table: event, day, time, late or not. */
const record = (): readonly string[] =>
  readSaltRecord(dataDir).lines.map(
    ({ event, day, at: time, late }) => `${event} ${day.slice(8)} ${time.slice(8, 19)}${late ? " late" : ""}`,
  );

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "passerby-salts-"));
  warnings = [];
});

/** Says whether two keys are of one salt. */
function isSame(a: SaltKey | undefined, b: SaltKey): boolean {
  return a?.digest("probe") === b.digest("probe");
}

/** Reads a salt from its file. */
function saltOf(day: string): Buffer {
  return Buffer.from(readSalts(dataDir).get(day) ?? []);
}

describe("the daily salts", () => {
  it("stay through a restart on the same day", () => {
    const before = open("23T10:00:00").at(nowMs).today;
    expect(isSame(open("23T23:59:59").at(nowMs).today, before)).toBe(true);
  });

  it("turn at 00:00 UTC, not a millisecond earlier", () => {
    const salts = open("22T10:00:00");
    const first = salts.at(nowMs).today;
    expect(isSame(salts.at(at("22T23:59:59.999")).today, first)).toBe(true);
    const second = salts.at(at("23T00:00:00"));
    expect(isSame(second.yesterday, first)).toBe(true);
    expect(isSame(second.today, first)).toBe(false);
  });

  it("are two at most, and each is gone from the disk within 48 h of the start of its day", () => {
    const salts = open("22T00:00:00");
    for (let minute = 0; minute < 4 * 24 * 60; minute += 1) {
      const timeMs = at("22T00:00:00") + minute * 60_000;
      salts.at(timeMs);
      expect(days().length).toBeLessThanOrEqual(2);
      expect(days().includes("2026-11-22")).toBe(timeMs < at("23T23:00:00"));
    }
  });

  it("of the days before are destroyed by a start, although nobody came for two days", () => {
    open("20T10:00:00");
    expect(open("23T10:00:00").at(nowMs).yesterday).toBeUndefined();
    expect(days()).toEqual(["2026-11-23"]);
    expect(record()).toEqual(["born 20 20T10:00:00", "destroyed 20 23T10:00:00", "born 23 23T10:00:00"]);
  });

  it("outlive a clock that is set back over midnight, and come again with their day", () => {
    const salts = open("22T23:50:00");
    const evening = salts.at(nowMs).today;
    const morning = salts.at(at("23T00:05:00")).today;
    expect(isSame(salts.at(at("22T23:55:00")).today, evening)).toBe(true);
    expect(isSame(salts.at(at("23T00:00:01")).today, morning)).toBe(true);
    expect(record()).toHaveLength(2);
  });

  it("that a clock set back by a month left in the future are destroyed", () => {
    open("22T23:50:00");
    nowMs = Date.parse("2026-10-22T23:50:00Z");
    openSalts(dataDir, { clock, onWarning: (message) => warnings.push(message) });
    expect(days()).toEqual(["2026-10-22"]);
  });

  it("and their record are readable by their owner only", () => {
    open("23T10:00:00");
    for (const name of ["salt-2026-11-23", "salt-record.jsonl"]) expect(statSync(file(name)).mode & 0o777).toBe(0o600);
  });

  it("that are damaged stop the start instead of silently giving everybody a new id", () => {
    writeFileSync(file("salt-2026-11-23"), "half a sa");
    expect(() => open("23T10:00:00")).toThrow(/salt-2026-11-23 is damaged/);
  });

  it("are the same in all processes of a server, whichever turns first, and only the owner destroys and notes", () => {
    const owner = open("22T23:59:00");
    const workers = [1, 2].map(() =>
      openSalts(dataDir, { clock, isOwner: false, onWarning: (text) => warnings.push(text) }),
    );
    const todayOf = (salts: SaltKeeper, time: string): string => salts.at(at(time)).today.digest("probe");
    const turned = [workers[0] ?? owner, owner, workers[1] ?? owner].map((salts) => todayOf(salts, "23T00:00:00"));
    expect(new Set(turned).size).toBe(1);
    for (const worker of workers) worker.at(at("23T23:00:00"));
    expect([days(), record().length]).toEqual([["2026-11-22", "2026-11-23"], 2]);
    owner.at(at("23T23:00:00"));
    expect([days(), record().length, warnings]).toEqual([["2026-11-23"], 3, []]);
  });
});

describe("the record of salts", () => {
  it("tells each birth and death by fingerprint and never holds a salt", () => {
    const salts = open("22T10:00:00");
    const first = saltOf("2026-11-22");
    salts.at(at("23T00:00:00"));
    salts.at(at("23T23:00:00"));
    expect(record()).toEqual(["born 22 22T10:00:00", "born 23 23T00:00:00", "destroyed 22 23T23:00:00"]);
    expect(readSaltRecord(dataDir).lines[0]?.fingerprint).toBe(fingerprintOf(first));
    const text = readFileSync(file("salt-record.jsonl"), "utf8");
    for (const form of ["hex", "base64", "base64url"] as const) expect(text).not.toContain(first.toString(form));
  });

  it("is completed by the next start after a kill between a new salt and its line, once", () => {
    open("22T10:00:00").at(at("23T00:00:00"));
    const lines = readFileSync(file("salt-record.jsonl"), "utf8").split("\n");
    writeFileSync(file("salt-record.jsonl"), `${lines[0]}\n`);
    open("23T00:01:00");
    open("23T00:02:00");
    expect(record()).toEqual(["born 22 22T10:00:00", "born 23 23T00:01:00 late"]);
  });

  it("is completed by the next start after a kill between a death and its line, once", () => {
    const salts = open("22T10:00:00");
    salts.at(at("23T00:00:00"));
    const before = readFileSync(file("salt-record.jsonl"), "utf8");
    salts.at(at("23T23:00:00"));
    writeFileSync(file("salt-record.jsonl"), before);
    open("23T23:30:00");
    open("23T23:31:00");
    expect(record().slice(2)).toEqual(["destroyed 22 23T23:30:00 late"]);
  });

  it("loses no line to one that a kill cut off at any byte, and tells nothing twice", () => {
    open("22T10:00:00").at(at("23T00:00:00"));
    const whole = readFileSync(file("salt-record.jsonl"));
    fc.assert(
      fc.property(fc.nat(whole.length), (length) => {
        writeFileSync(file("salt-record.jsonl"), whole.subarray(0, length));
        open("23T00:01:00");
        const known = readSaltRecord(dataDir).lines.map(({ event, day }) => `${event} ${day}`);
        expect(known.sort()).toEqual(["born 2026-11-22", "born 2026-11-23"]);
      }),
      { numRuns: 60 },
    );
  });

  it("notes a salt that came back with a restored file as born again", () => {
    open("22T10:00:00");
    const restored = readFileSync(file("salt-2026-11-22"));
    rmSync(file("salt-2026-11-22"));
    open("22T11:00:00");
    writeFileSync(file("salt-2026-11-22"), restored);
    open("22T12:00:00");
    expect(record().map((line) => line.split(" ")[0])).toEqual(["born", "destroyed", "born", "destroyed", "born"]);
  });

  it("clears away what a killed process left of a salt", () => {
    open("22T10:00:00");
    renameSync(file("salt-2026-11-22"), file("salt-2026-11-22.4711.tmp"));
    expect(report("22T11:00:00").alive.map(({ day }) => day)).toEqual(["2026-11-22"]);
    expect(report("24T00:00:01").overdue).toBe(1);
    writeFileSync(file("salts.json"), "the salts of the first versions");
    open("22T12:00:00");
    expect(readdirSync(dataDir).sort()).toEqual(["salt-2026-11-22", "salt-record.jsonl"]);
    expect(record().map((line) => line.split(" ")[0])).toEqual(["born", "destroyed", "born"]);
  });
});

describe("the report of salts", () => {
  it("says what is alive until when, and what was destroyed when", () => {
    const salts = open("22T10:00:00");
    salts.at(at("23T00:00:00"));
    salts.at(at("23T23:00:10"));
    salts.at(at("24T00:00:00"));
    const { alive, destroyed, ...rest } = report("24T01:00:00");
    expect(alive).toMatchObject([
      { day: "2026-11-24", born_at: "2026-11-24T00:00:00.000Z", until: "2026-11-26T00:00:00.000Z", overdue: false },
      { day: "2026-11-23", born_at: "2026-11-23T00:00:00.000Z", until: "2026-11-25T00:00:00.000Z", overdue: false },
    ]);
    expect(destroyed).toMatchObject([
      { day: "2026-11-22", destroyed_at: "2026-11-23T23:00:10.000Z", noted_late: false },
    ]);
    expect(rest).toEqual({ overdue: 0, damaged_lines: 0 });
  });

  it("finds a salt overdue from 48 h after the start of its day on", () => {
    open("22T10:00:00");
    expect(report("24T00:00:00").overdue).toBe(0);
    expect(report("24T00:00:00.001").overdue).toBe(1);
  });

  it("counts lines that cannot be read, and shows a death that nobody has noted yet", () => {
    open("22T10:00:00");
    appendFileSync(file("salt-record.jsonl"), '{"at":"2026\n');
    rmSync(file("salt-2026-11-22"));
    expect(report("22T11:00:00")).toMatchObject({ alive: [], destroyed: [{ destroyed_at: null }], damaged_lines: 1 });
  });

  it("is empty where there was never a salt", () => {
    expect(report("22T10:00:00")).toEqual({ alive: [], destroyed: [], overdue: 0, damaged_lines: 0 });
  });
});

describe.skipIf(!hasTmpfs)("salts on a full disk [needs tmpfs]", () => {
  it("turn in memory at midnight, warn once, destroy what is due, and are written when there is space", () => {
    dataDir = mountTmpfs("64k");
    const salts = open("22T10:00:00");
    const first = saltOf("2026-11-22").toString("base64url");
    let block = 65_536;
    while (block >= 1) {
      try {
        appendFileSync(file("ballast"), Buffer.alloc(block));
      } catch {
        block = Math.floor(block / 2);
      }
    }
    const second = salts.at(at("23T00:00:00")).today;
    for (let minute = 1; minute < 10; minute += 1) {
      expect(isSame(salts.at(at(`23T00:0${minute}:00`)).today, second)).toBe(true);
    }
    expect(days()).toEqual(["2026-11-22"]);
    expect(warnings).toHaveLength(1);
    salts.at(at("23T23:00:00"));
    expect(readdirSync(dataDir).filter((name) => readFileSync(file(name), "utf8").includes(first))).toEqual([]);
    rmSync(file("ballast"));
    salts.at(at("23T23:01:00"));
    expect(days()).toEqual(["2026-11-23"]);
    // The line of a birth may still have fitted into the record's last block.
    const noted = record().map((line) => line.split(" ", 2).join(" "));
    expect(noted.sort()).toEqual(["born 22", "born 23", "destroyed 22"]);
    expect(isSame(open("23T23:02:00").at(nowMs).today, second)).toBe(true);
  });
});
