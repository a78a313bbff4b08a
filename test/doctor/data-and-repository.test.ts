/** The checks of a data directory and of a repository, on real files and a real git. */
import { spawn } from "node:child_process";
import { chmodSync, chownSync, readdirSync, rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { openInputs } from "../../src/doctor/inputs.ts";
import { type Result, runChecks } from "../../src/doctor/run-checks.ts";
import { DATA_DIR_FAULTS, dataDirOf, makeDataDir } from "./faults/data-dir-faults.ts";
import { addSite, REPOSITORY_FAULTS } from "./faults/repository-faults.ts";
import { complaintsOf, type Deployment, type Fault, makeGoodDeployment } from "./good-deployment.ts";

let deployment: Deployment;
afterEach(() => deployment.remove());

/** No collector runs on these files, so the levers of a rollback have nobody to ask; they have tests of their own. */
function complaintsOfFiles(options: Deployment["options"]): Promise<readonly string[]> {
  return complaintsOf(options, { isAsked: ({ id }) => !id.startsWith("rollback.") });
}

async function expectFound({ finds, names }: Fault, options: Deployment["options"]): Promise<void> {
  const complaints = await complaintsOfFiles(options);
  expect(complaints).toEqual([expect.stringMatching(names)]);
  expect(complaints[0]).toMatch(new RegExp(`^${finds}: `));
}

describe("a data directory", () => {
  const make = (): Deployment["options"] => {
    deployment = makeGoodDeployment();
    makeDataDir(deployment.dir);
    return { ...deployment.options, dataDir: dataDirOf(deployment.dir) };
  };

  it("in which all is well gives no complaint", async () => {
    expect(await complaintsOfFiles(make())).toEqual([]);
  });

  it("that is new need not have been rotated", async () => {
    const options = make();
    for (const name of ["rotator.json", "metrics.jsonl"]) rmSync(join(dataDirOf(deployment.dir), name));
    const sealed = readdirSync(dataDirOf(deployment.dir)).map((name) => join(dataDirOf(deployment.dir), name));
    for (const path of sealed) utimesSync(path, new Date(), new Date());
    const asked = await runChecks(openInputs(options), { isAsked: ({ id }) => id === "rotation.last-success" });
    expect(asked[0]?.finding).toEqual({ verdict: "skipped", reason: expect.stringContaining("ask again") });
  });

  it.each(DATA_DIR_FAULTS)("$name", async (fault) => {
    const options = make();
    fault.breakIt(deployment);
    await expectFound(fault, options);
  });
});

describe("a repository", () => {
  const make = (): Deployment["options"] => {
    deployment = makeGoodDeployment({}, { hasRepository: true });
    addSite(deployment);
    return deployment.options;
  };

  it("in which all is well gives no complaint", async () => {
    const options = make();
    const results = await runChecks(openInputs(options));
    expect(await complaintsOf(options)).toEqual([]);
    // Those were seen, and not skipped.
    expect(verdictsOf(results, /bundle-(api|rate)|build-rate|unit/)).toEqual({
      "environment.bundle-api-base-url": "pass",
      "environment.build-rate": "pass",
      "environment.bundle-rate": "pass",
      "security.unit-user": "pass",
      "rotation.unit-command": "pass",
      "security.unit-hardening": "pass",
    });
  });

  it("whose rotator's unit has variables, which systemd puts in, gives no complaint", async () => {
    const options = make();
    const days = `--delete-after-days \${METRICS_RETENTION_DAYS} --max-mb $METRICS_MAX_SHARD_MB`;
    deployment.patch("deploy/systemd/passerby-rotate.service", "--gzip-after-days 3", days);
    expect(await complaintsOf(options)).toEqual([]);
  });

  it.each(REPOSITORY_FAULTS)("$name", async (fault) => {
    const options = make();
    fault.breakIt(deployment);
    await expectFound(fault, options);
  });
});

function verdictsOf(results: readonly Result[], ids: RegExp): Record<string, string> {
  const asked = results.filter(({ check }) => ids.test(check.id));
  return Object.fromEntries(asked.map(({ check, finding }) => [check.id, finding.verdict]));
}

const isRoot = process.getuid?.() === 0;

describe.skipIf(process.platform !== "linux")("the process that writes the log [needs Linux]", () => {
  /** Has another process hold the log open, and looks at it. */
  const look = async (uid: number | undefined): Promise<readonly Result[]> => {
    deployment = makeGoodDeployment();
    makeDataDir(deployment.dir);
    const path = dataDirOf(deployment.dir);
    chmodSync(deployment.dir, 0o711);
    if (uid !== undefined) for (const name of ["", ...readdirSync(path)]) chownSync(join(path, name), uid, uid);
    const log = JSON.stringify(join(path, "metrics.jsonl"));
    const hold = `require("node:fs").openSync(${log}, "a"); console.log("held"); setInterval(() => {}, 1e6)`;
    const owner = uid === undefined ? {} : { uid, gid: uid };
    const writer = spawn(process.execPath, ["-e", hold], { ...owner, stdio: ["ignore", "pipe", "inherit"] });
    try {
      await new Promise((resolve) => writer.stdout.once("data", resolve));
      const results = await runChecks(openInputs({ ...deployment.options, dataDir: path }), {
        isAsked: ({ id }) => id.startsWith("security.process-"),
      });
      const [user] = results;
      const where = user?.finding.verdict === "skipped" ? [] : user?.finding.evidence.map((one) => one.where);
      expect(where).toEqual([`/proc/${writer.pid}`]);
      return results;
    } finally {
      writer.kill("SIGKILL");
    }
  };

  it("is found by the file that it holds open, and what nothing keeps from it is told", async () => {
    const results = await look(isRoot ? 4711 : undefined);
    expect(verdictsOf(results, /user|privileges/)).toEqual({
      "security.process-user": "pass",
      "security.process-privileges": "warn",
    });
  });

  it.runIf(isRoot)("must not be root", async () => {
    expect(verdictsOf(await look(undefined), /user/)).toEqual({ "security.process-user": "fail" });
  });

  it("is skipped with the reason where none writes", async () => {
    deployment = makeGoodDeployment();
    makeDataDir(deployment.dir);
    const options = { ...deployment.options, dataDir: dataDirOf(deployment.dir) };
    const [result] = await runChecks(openInputs(options), { isAsked: ({ id }) => id === "security.process-user" });
    expect(result?.finding).toEqual({
      verdict: "skipped",
      reason: expect.stringContaining("no process on this machine"),
    });
  });
});
