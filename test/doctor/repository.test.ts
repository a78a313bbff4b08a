/** Faults in the repository, its tests and its workflows, each named by one check and no other. */
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { LISTED_FILES, OTHER_FILES } from "../../src/doctor/version-control/data-names.ts";
import { REPORT_FAULTS } from "./faults/report-faults.ts";
import { complaintsOf, type Deployment, makeGoodDeployment } from "./good-deployment.ts";

let deployment: Deployment;
afterEach(() => deployment.remove());

describe("a deployment from a repository", () => {
  it("has no fault as it should be", async () => {
    deployment = makeGoodDeployment({}, { hasRepository: true });
    expect(await complaintsOf(deployment.options)).toEqual([]);
  });

  it.each(REPORT_FAULTS)("$name", async ({ breakIt, finds, names }) => {
    deployment = makeGoodDeployment({}, { hasRepository: true });
    breakIt(deployment);
    const complaints = await complaintsOf(deployment.options);
    expect(complaints).toEqual([expect.stringMatching(names)]);
    expect(complaints[0]).toMatch(new RegExp(`^${finds}: `));
  });
});

describe("the names of data", () => {
  it("are those that the reference page lists, all of them", () => {
    const page = readFileSync(new URL("../../docs/reference/files.md", import.meta.url), "utf8");
    const cells = page.split("\n").flatMap((line) => /^\| (`.*?) \|/.exec(line)?.[1] ?? []);
    const listed = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name));
    const real = listed
      .filter((name) => !/^\.(wal|tmp)$/.test(name))
      .map((name) => name.replace(/YYYY-MM-DD|DAY/g, "2026-11-23").replace(/wN/g, "w2"))
      .map((name) => name.replace(/…|NAME|KEY|\bN\b|\bK\b|\*/g, "1"));
    const known = [...LISTED_FILES, ...OTHER_FILES];
    expect(real.length).toBeGreaterThan(30);
    expect(real.filter((name) => !known.some((one) => one === name || one.startsWith(name)))).toEqual([]);
  });
});
