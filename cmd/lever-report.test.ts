/** What a person reads of edge and rotator, at every position that they can be at. */
import { expect, it } from "vitest";
import type { EdgeBrakeState } from "../src/doctor/edge-brake/edge-folder.ts";
import type { RotationPause } from "../src/log/rotate/pause.ts";
import { checkText, edgeJson, edgeLines, rotatorJson, rotatorLines, tryRead } from "./lever-report.ts";

const NOW = Date.parse("2026-11-24T12:00:00.000Z");
const NOTE = { at: "2026-11-24T11:00:00.000Z", who: { uid: 0, user: "root", pid: 7 }, why: "a bot" };
const SET = "            set 2026-11-24T11:00:00.000Z by root (uid 0, process 7): a bot";
const LATER = "2026-11-24T13:00:00.000Z";
const EDGE: EdgeBrakeState = { dir: "/edge", position: "off", brake: null, byHand: [] };
const MEANS = "(nginx answers every event 503; /edge)";
const failing = tryRead<never>(() => {
  throw new Error("no permission");
});

it.each<[string, Partial<EdgeBrakeState>, readonly string[], object]>([
  [
    "unknown",
    { position: "unknown" },
    ["edge        unknown: no edge here (give --edge-dir)"],
    { position: "unknown" },
  ],
  ["off", {}, ["edge        off (nginx passes events on; /edge)"], { position: "off", until: null, ended: null }],
  [
    "off since its end",
    { brake: { ...NOTE, until: LATER } },
    [`edge        off (nginx passes events on; /edge); that until ${LATER} has ended by itself`],
    { position: "off", until: null, who: null, ended: LATER },
  ],
  [
    "on",
    { position: "on", brake: { ...NOTE, until: null } },
    [`edge        on ${MEANS}`, SET],
    { position: "on", until: null, ended: null, ...NOTE },
  ],
  [
    "on until later",
    { position: "on", brake: { ...NOTE, until: LATER } },
    [`edge        on until ${LATER}, then off ${MEANS}`, SET],
    { position: "on", until: LATER, ended: null, ...NOTE },
  ],
  [
    "on by hand",
    { position: "on", byHand: ["brake.conf"] },
    [`edge        on, put there by hand: on/brake.conf ${MEANS}`],
    { position: "on", until: null, who: null, by_hand: ["brake.conf"] },
  ],
])("an edge that is %s", (_, state, lines, json) => {
  expect(edgeLines({ value: { ...EDGE, ...state } })).toEqual(lines);
  expect(edgeJson({ value: { ...EDGE, ...state } })).toMatchObject(json);
});

it.each<[string, RotationPause | undefined, readonly string[], object]>([
  ["never paused", undefined, ["rotator     not paused"], { position: "not_paused", until: null, who: null }],
  [
    "paused",
    { ...NOTE, paused: true, until: null },
    ["rotator     paused (nothing is compressed or deleted: files of the log outlive METRICS_RETENTION_DAYS)", SET],
    { position: "paused", until: null, ...NOTE },
  ],
  [
    "paused until later",
    { ...NOTE, paused: true, until: LATER },
    [expect.stringContaining(`rotator     paused until ${LATER} (nothing is `), SET],
    { position: "paused", until: LATER, ...NOTE },
  ],
  [
    "not paused any more",
    { ...NOTE, paused: true, until: "2026-11-24T12:00:00.000Z" },
    ["rotator     not paused; the pause until 2026-11-24T12:00:00.000Z has ended by itself"],
    { position: "not_paused", until: null, who: null },
  ],
  [
    "resumed",
    { ...NOTE, paused: false, until: null },
    ["rotator     not paused", SET],
    { position: "not_paused", ...NOTE },
  ],
])("a rotator that is %s", (_, pause, lines, json) => {
  expect(rotatorLines({ value: pause }, NOW)).toEqual(lines);
  expect(rotatorJson({ value: pause }, NOW)).toMatchObject(json);
});

it("a lever that cannot be read is unknown, and the others are told", () => {
  expect(edgeLines(failing)).toEqual(["edge        unknown: no permission"]);
  expect(rotatorLines(failing, NOW)).toEqual(["rotator     unknown: no permission"]);
  expect(edgeJson(failing)).toMatchObject({ position: "unknown", failure: "no permission" });
  expect(rotatorJson(failing, NOW)).toMatchObject({ position: "unknown", failure: "no permission" });
});

it("says whether an edge does as it was told, and when nobody could be asked", () => {
  const check = { url: "https://edge.example/x", isAsExpected: false, answer: "404" };
  expect(checkText({ ...check, isAsExpected: true }, "off")).toBe(
    "Verified: POST https://edge.example/x is answered 404.",
  );
  expect(checkText(check, "on")).toMatch(/^NOT in force: .* does not brake yet: POST .* is answered 404\.$/);
  expect(checkText(check, "off")).toMatch(/^NOT in force: .* still brakes, or does not answer: /);
  expect(checkText(null, "on")).toMatch(/^Not verified: give --url/);
});
