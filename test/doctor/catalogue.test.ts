/** The catalogue of checks: every line of the checklist has one, and what a check says of itself is so. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CHECKS } from "../../src/doctor/catalogue.ts";
import { CHECKLIST } from "../../src/doctor/checklist.ts";
import { type Given, type InputName, openInputs } from "../../src/doctor/inputs.ts";
import { makeGoodDeployment } from "./good-deployment.ts";

/** The first part of an id, for each section of the checklist. */
const GROUPS = [
  ...["cors", "environment", "edge", "rotation", "privacy", "version-control", "health", "tests", "security"],
  ...["rollback", "after-deployment"],
];

/** The checklist as people pass it around; it lies beside the repository. */
const SHARED = new URL("../../../shared/checklist.md", import.meta.url);

const LINES = CHECKLIST.flatMap(({ lines }) => lines.map(({ line }) => line));

describe("the checks", () => {
  it("have one for each line of the checklist, and none for a line that is not there", () => {
    // That an input can be read is no answer to a line.
    const checked = new Set(CHECKS.filter(({ judges }) => judges === undefined).map(({ line }) => line));
    expect(LINES.filter((line) => !checked.has(line))).toEqual([]);
    expect([...checked].filter((line) => !LINES.includes(line))).toEqual([]);
  });

  it("have ids of their own, of a known group", () => {
    const ids = CHECKS.map(({ id }) => id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    const form = new RegExp(`^(${GROUPS.join("|")})\\.[a-z0-9]+(-[a-z0-9]+)*$`);
    expect(ids.filter((id) => !form.test(id))).toEqual([]);
  });

  it("come after checks that run before them", () => {
    const ids = CHECKS.map(({ id }) => id);
    const wrong = CHECKS.flatMap(({ id, after = [] }, index) =>
      after.filter((one) => !ids.slice(0, index).includes(one)).map((one) => `${id} after ${one}`),
    );
    expect(wrong).toEqual([]);
  });

  it("say what they ask, how, and what to do", () => {
    const silent = CHECKS.filter(({ asks, how, remedy }) => [asks, how, remedy].some((text) => text.trim().length < 5));
    expect(silent.map(({ id }) => id)).toEqual([]);
  });

  it("ask for no input that they do not say they ask for", async () => {
    const deployment = makeGoodDeployment({}, { hasRepository: true });
    const given = openInputs(deployment.options);
    const undeclared: string[] = [];
    for (const { id, needs, may = [], run } of CHECKS) {
      const note = (name: InputName): void => {
        if (![...needs, ...may].includes(name)) undeclared.push(`${id} asks for ${name}`);
      };
      const recording: Given = {
        ...given,
        need: (name) => {
          note(name);
          return given.need(name);
        },
        may: (name) => {
          note(name);
          return given.may(name);
        },
      };
      // An input that nobody gave ends the check: what it asked for until then is noted.
      await (async () => run(recording))().catch(() => {});
    }
    deployment.remove();
    expect(undeclared).toEqual([]);
  });
});

describe.skipIf(!existsSync(SHARED))("the list that people pass around [needs shared data]", () => {
  it("has as many boxes in each section as ours has lines", () => {
    const parts = readFileSync(SHARED, "utf8").split(/^## /m).slice(1);
    const boxes = parts.flatMap((part) => {
      // The rollback plan has numbers in place of boxes.
      const count = (part.match(/^- \[ \]|^\d+\. \*\*/gm) ?? []).length;
      return count === 0 ? [] : [count];
    });
    expect(boxes).toEqual(CHECKLIST.map(({ lines }) => lines.length));
  });
});
