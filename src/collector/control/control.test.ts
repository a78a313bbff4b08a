import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Clock, systemClock } from "../../clock.ts";
import { PasserbyError } from "../../errors.ts";
import { readAudit } from "./audit-file.ts";
import { createControl } from "./control.ts";
import { type BrakeChange, type KeptControl, openControl } from "./control-file.ts";
import { isControlState, NOTHING_SET, noteAt, positionAt, TARGETS } from "./control-state.ts";

const START = Date.parse("2026-11-24T12:00:00Z");
const who = { uid: 1000, user: "owner", pid: 4711 };
const settings = {
  sampleRate: 0.8,
  minTrackerRate: 0.01,
  sites: [
    { name: "a.com", hosts: ["a.com"] },
    { name: "b.org", hosts: ["b.org"] },
  ],
};

let dataDir = "";
let nowMs = START;
let warnings: string[] = [];
const clock: Clock = { ...systemClock, now: () => nowMs };

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "passerby-control-"));
  nowMs = START;
  warnings = [];
});
afterEach(() => rmSync(dataDir, { recursive: true }));

function open(): KeptControl {
  return openControl(dataDir, { clock, settings, onWarning: (message) => warnings.push(message) });
}

function change(control: KeptControl, changes: Partial<BrakeChange>): void {
  control.change({ position: "on", targets: TARGETS, site: null, forMs: null, who, why: null, ...changes });
}

/** What a control lets through now, in one line. */
function seen(control: Pick<KeptControl, "dropReason" | "sampleRate" | "trackerConfig">): string {
  const { enabled, sample_rate } = control.trackerConfig("a.com", nowMs).body;
  return `${control.dropReason("a.com", nowMs) ?? "pass"} ${control.sampleRate(nowMs)} ${enabled} ${sample_rate}`;
}

describe("the brake", () => {
  it("lets everything pass at the setting's rate until somebody sets it, and writes no file", () => {
    expect(seen(open())).toBe("pass 0.8 true null");
    expect(existsSync(join(dataDir, "control.json"))).toBe(false);
  });

  it.each([
    ["on", TARGETS, "brake 0.8 false null"],
    ["on", ["collector"], "brake 0.8 true null"],
    ["on", ["tracker"], "pass 0.8 false null"],
    [0.25, ["collector"], "pass 0.25 true null"],
    [0, ["collector"], "pass 0 true null"],
    [0.25, ["tracker"], "pass 0.8 true 0.25"],
    [0, ["tracker"], "pass 0.8 true 0"],
  ] as const)("%s for %j is obeyed at once, after a restart too, and taken back by off", (position, targets, line) => {
    const control = open();
    change(control, { position, targets });
    expect(seen(control)).toBe(line);
    expect(seen(open())).toBe(line);
    change(control, { position: "off" });
    expect(seen(control)).toBe("pass 0.8 true null");
    expect(seen(open())).toBe("pass 0.8 true null");
  });

  it("of one site leaves the others alone", () => {
    const control = open();
    change(control, { site: "a.com" });
    expect([control.dropReason("a.com", nowMs), control.dropReason("b.org", nowMs)]).toEqual(["site_off", undefined]);
    expect(control.trackerConfig("a.com", nowMs).body.enabled).toBe(false);
    expect(control.trackerConfig("b.org", nowMs).body.enabled).toBe(true);
    expect(control.trackerConfig("a.com", nowMs).etag).not.toBe(control.trackerConfig("b.org", nowMs).etag);
    change(control, { position: "off", site: "a.com", targets: ["collector"] });
    expect(control.dropReason("a.com", nowMs)).toBeUndefined();
    expect(control.trackerConfig("a.com", nowMs).body.enabled).toBe(false);
    change(control, { position: "off", site: "a.com" });
    expect(control.snapshot()).toEqual(NOTHING_SET);
  });

  it("says who set what is in force, and after its end who set what stood before", () => {
    const control = open();
    change(control, { position: "on", why: "for good" });
    nowMs += 1_000;
    change(control, { position: "off", forMs: 1_000, who: { ...who, pid: 2 }, why: "for a second" });
    const note = (): unknown => noteAt(open().snapshot().collector, nowMs);
    const at = (ms: number): string => new Date(START + ms).toISOString();
    expect(note()).toEqual({ at: at(1_000), who: { ...who, pid: 2 }, why: "for a second" });
    nowMs += 1_000;
    expect(note()).toEqual({ at: at(0), who, why: "for good" });
    expect(noteAt(NOTHING_SET.collector, nowMs)).toBeNull();
  });

  it("that is on for a while ends by itself, and what stood before holds again", () => {
    const control = open();
    change(control, { position: 0.25, targets: ["collector"] });
    change(control, { targets: ["collector"], forMs: 60_000 });
    nowMs += 59_999;
    expect(seen(control)).toBe("brake 0.8 true null");
    nowMs += 1;
    expect(seen(control)).toBe("pass 0.25 true null");
    control.settle();
    control.settle();
    expect(readAudit(dataDir, 9).map(({ action, position, until }) => ({ action, position, until }))).toEqual([
      { action: "ended", position: "on", until: "2026-11-24T12:01:00.000Z" },
      { action: "set", position: "on", until: "2026-11-24T12:01:00.000Z" },
      { action: "set", position: 0.25, until: null },
    ]);
    expect(seen(open())).toBe("pass 0.25 true null");
  });

  it("that ended while nothing ran is found ended, and written down once", () => {
    change(open(), { forMs: 60_000 });
    nowMs += 3_600_000;
    expect(seen(open())).toBe("pass 0.8 true null");
    open();
    expect(readAudit(dataDir, 9).map(({ action, target }) => `${action} ${target}`)).toEqual([
      "ended tracker",
      "ended collector",
      "set tracker",
      "set collector",
    ]);
  });

  it("gives the same tag for the same config, and another for another", () => {
    const control = open();
    const tag = (): string => control.trackerConfig("a.com", nowMs).etag;
    const first = tag();
    change(control, { position: 0.5, targets: ["tracker"] });
    const second = tag();
    change(control, { position: "on", targets: ["tracker"] });
    expect(new Set([first, second, tag()]).size).toBe(3);
    change(control, { position: "off", targets: ["tracker"] });
    expect(tag()).toBe(first);
  });

  it("is told to another process as plain data", () => {
    const control = open();
    change(control, { forMs: 60_000 });
    const worker = createControl({ state: NOTHING_SET, defaultRate: 0.8, nowMs });
    worker.adopt(JSON.parse(JSON.stringify(control.snapshot())));
    expect(seen(worker)).toBe("brake 0.8 false null");
    nowMs += 60_000;
    expect(seen(worker)).toBe("pass 0.8 true null");
  });

  it.each([
    ["a rate of a site", { position: 0.5, site: "a.com", targets: ["collector"] }, /^a rate is for all sites/],
    ["a reason on two lines", { why: "a\nb" }, /^a reason has 1 to 200 characters, all printable and on one line$/],
    ["a site that there is not", { site: "c.net" }, /^c\.net is no configured site: give one of a\.com, b\.org$/],
    ["a rate that no tracker is believed", { position: 0.001, targets: ["tracker"] }, /METRICS_MIN_TRACKER_RATE=0\.01/],
  ] as const)("refuses %s, and changes and writes nothing", (_what, changes, message) => {
    const control = open();
    expect(() => change(control, changes)).toThrow(expect.objectContaining({ code: "invalid_request" }));
    expect(() => change(control, changes)).toThrow(message);
    expect(control.snapshot()).toBe(NOTHING_SET);
    expect(readAudit(dataDir, 9)).toEqual([]);
  });

  it("holds what any sequence of changes and waits says, before and after a restart", () => {
    const step = fc.record({
      position: fc.constantFrom("on" as const, "off" as const, 0, 0.5, 1),
      targets: fc.constantFrom(TARGETS, ["collector"] as const, ["tracker"] as const),
      forMs: fc.constantFrom(null, 1_000, 5_000),
      waitMs: fc.constantFrom(0, 999, 1_000, 4_000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        rmSync(dataDir, { recursive: true });
        mkdirSync(dataDir);
        const control = open();
        for (const { waitMs, ...changes } of steps) {
          change(control, changes);
          nowMs += waitMs;
          const { collector, tracker } = control.snapshot();
          const [stored, sent] = [positionAt(collector, nowMs), positionAt(tracker, nowMs)];
          const reason = stored === "on" ? "brake" : "pass";
          const share = typeof sent === "number" ? sent : null;
          const line = `${reason} ${typeof stored === "number" ? stored : 0.8} ${sent !== "on"} ${share}`;
          expect([seen(control), seen(open())]).toEqual([line, line]);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe("the files of the brake", () => {
  it("say who set what until when, for their owner's eyes only", () => {
    change(open(), { position: 0.5, targets: ["collector"], forMs: 60_000, why: "a test" });
    expect(readFileSync(join(dataDir, "control-audit.jsonl"), "utf8")).toBe(
      '{"at":"2026-11-24T12:00:00.000Z","action":"set","target":"collector","site":null,"position":0.5,' +
        '"until":"2026-11-24T12:01:00.000Z","who":{"uid":1000,"user":"owner","pid":4711},"why":"a test"}\n',
    );
    for (const name of ["control.json", "control-audit.jsonl"]) {
      expect(statSync(join(dataDir, name)).mode & 0o777).toBe(0o600);
    }
  });

  it("lose to a crash only the line that it cut off", () => {
    const control = open();
    change(control, { targets: ["collector"] });
    writeFileSync(join(dataDir, "control-audit.jsonl"), '{"at":"2026-', { flag: "a" });
    change(control, { position: "off", targets: ["collector"] });
    expect(readAudit(dataDir, 9).map(({ position }) => position)).toEqual(["off", "on"]);
  });

  it.each([
    ["", "nothing"],
    ['{"version":1', "half"],
    [JSON.stringify({ ...NOTHING_SET, version: 2 }), "a newer version"],
    [JSON.stringify({ ...NOTHING_SET, collector: { standing: 2, temporary: null } }), "a rate above 1"],
    [
      JSON.stringify({ ...NOTHING_SET, tracker: { standing: "on", temporary: { position: "off", until: "soon" } } }),
      "no time",
    ],
  ])("stop a start with one line when control.json holds %j (%s)", (text) => {
    writeFileSync(join(dataDir, "control.json"), text);
    expect(open).toThrow(expect.objectContaining({ code: "data_dir_unusable" }));
    expect(open).toThrow(/control\.json is damaged: move it away and set again with passerby brake [^\n]+$/);
  });

  it("leave everything as it was when they cannot be written", () => {
    const control = open();
    mkdirSync(join(dataDir, "control-audit.jsonl"));
    expect(() => change(control, {})).toThrow(PasserbyError);
    expect(() => change(control, {})).toThrow(/could not take the change, and nothing was changed: EISDIR/);
    expect(seen(control)).toBe("pass 0.8 true null");
    expect(existsSync(join(dataDir, "control.json"))).toBe(false);
  });

  it("warn once when the end of a brake cannot be written down, which has ended all the same", () => {
    const control = open();
    change(control, { forMs: 1_000 });
    rmSync(join(dataDir, "control-audit.jsonl"));
    mkdirSync(join(dataDir, "control-audit.jsonl"));
    nowMs += 1_000;
    control.settle();
    control.settle();
    expect(warnings).toEqual([expect.stringMatching(/^the end of a brake could not be written down: EISDIR/)]);
    expect(seen(control)).toBe("pass 0.8 true null");
  });
});

it("a state of brakes is known by its form, whatever else a file holds", () => {
  expect(isControlState(NOTHING_SET)).toBe(true);
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(isControlState(value)).toBe(false);
      expect(isControlState({ ...NOTHING_SET, collector: value })).toBe(false);
      expect(isControlState({ ...NOTHING_SET, sites: { "a.com": value } })).toBe(false);
      expect(isControlState({ ...NOTHING_SET, sites: { "A.com": NOTHING_SET } })).toBe(false);
    }),
  );
});
