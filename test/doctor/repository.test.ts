/** Faults in the repository, its tests and its workflows, each named by one check and no other. */
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { openInputs } from "../../src/doctor/inputs.ts";
import { runChecks } from "../../src/doctor/run-checks.ts";
import { LISTED_FILES, OTHER_FILES } from "../../src/doctor/version-control/data-names.ts";
import { REPORT_FAULTS } from "./faults/report-faults.ts";
import { complaintsOf, type Deployment, makeGoodDeployment } from "./good-deployment.ts";

let deployment: Deployment | undefined;
afterEach(() => deployment?.remove());

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

describe("a repository", () => {
  it("is looked at also where the settings cannot be read", async () => {
    deployment = makeGoodDeployment({}, { hasRepository: true });
    deployment.patch("deploy/.env", "METRICS_SAMPLE_RATE=1", "METRICS_SAMPLE_RATE=all");
    const isAsked = ({ id }: { id: string }): boolean => id.startsWith("version-control.");
    const results = await runChecks(openInputs(deployment.options), { isAsked });
    expect(results.filter(({ finding }) => finding.verdict !== "pass")).toEqual([]);
  });

  it("may lie above the folder that was given, and what is ignored there counts", async () => {
    deployment = makeGoodDeployment({}, { hasRepository: true });
    const options = { ...deployment.options, repo: join(deployment.dir, "deploy") };
    deployment.write("deploy/README.md", "## Privacy");
    deployment.write("deploy/package.json", '{"scripts":{"test":"true"}}');
    expect(await complaintsOf(options)).toEqual([]);
    deployment.write(".gitignore", ".env\ndeploy/secrets/\n/data/\n");
    expect(await complaintsOf(options)).toEqual([expect.stringMatching(/patterns: .*ignored: deploy\/data\/metrics/)]);
  });

  it("has nothing to ignore behind a symbolic link", async () => {
    deployment = makeGoodDeployment({}, { hasRepository: true });
    deployment.write(".gitignore", ".env\ndeploy/secrets/\n");
    symlinkSync("/var/lib/passerby", join(deployment.dir, "data"));
    expect(await complaintsOf(deployment.options)).toEqual([]);
  });

  it("of which older commits are missing proves nothing about them", async () => {
    const whole = makeGoodDeployment({}, { hasRepository: true });
    whole.write("notes.txt", "second\n");
    whole.git("add", "notes.txt");
    whole.git("commit", "--quiet", "--message=second");
    deployment = makeGoodDeployment();
    whole.git("clone", "--quiet", "--depth=1", `file://${whole.dir}`, join(deployment.dir, "clone"));
    whole.remove();
    const given = openInputs({ ...deployment.options, repo: join(deployment.dir, "clone") });
    const isAsked = ({ id }: { id: string }): boolean => id === "version-control.history";
    const [history] = await runChecks(given, { isAsked });
    expect(history?.finding).toMatchObject({ verdict: "skipped", reason: expect.stringContaining("shallow") });
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
