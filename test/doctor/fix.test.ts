/** `passerby doctor --fix` on deployments whose faults have a safe edit. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, it } from "vitest";
import type { FileEdit } from "../../src/doctor/check.ts";
import { applyEdit, EditRefused } from "../../src/doctor/fix/apply-edit.ts";
import { mend, type Offer } from "../../src/doctor/fix/mend.ts";
import { openInputs } from "../../src/doctor/inputs.ts";
import { runChecks } from "../../src/doctor/run-checks.ts";
import { script } from "../means.ts";
import { COMMAND, runCommand } from "../support/command.ts";
import { REPORT_FAULTS } from "./faults/report-faults.ts";
import { type Deployment, makeGoodDeployment } from "./good-deployment.ts";

let deployment: Deployment;
afterEach(() => deployment.remove());

const FIXABLE = REPORT_FAULTS.filter(({ name }) => /^the event log is not|three patterns|neither ignored/.test(name));

/** Mends what can be mended, agreeing to what `decide` lets; returns what is mended, and who still complains. */
async function mendAll(decide: (offer: Offer) => boolean = () => true): Promise<object> {
  const look = (): ReturnType<typeof runChecks> => runChecks(openInputs(deployment.options));
  const refused: string[] = [];
  let nowMs = Date.UTC(2026, 10, 23, 8);
  const { mended, results } = await mend(await look(), {
    decide: async (offer) => decide(offer),
    lookAgain: look,
    onApplied: () => {},
    onRefused: (_, reason) => void refused.push(reason),
    nowMs: () => nowMs++,
  });
  const left = results.filter(({ finding }) => finding.verdict === "fail" || finding.verdict === "warn");
  return { mended, refused, left: left.map(({ check }) => check.id) };
}

describe("mending", () => {
  it.each(FIXABLE)("$name: the edit mends it, and nothing else gets worse", async ({ breakIt, finds }) => {
    deployment = makeGoodDeployment({}, { hasRepository: true });
    breakIt(deployment);
    expect(await mendAll()).toEqual({ mended: [finds], refused: [], left: [] });
  });

  it("makes several edits of one file, each on top of the one before, and keeps each old file", async () => {
    deployment = makeGoodDeployment({}, { hasRepository: true });
    deployment.write(".gitignore", "node_modules/\n");
    const mended = ["version-control.patterns", "version-control.secrets-ignored"];
    expect(await mendAll()).toEqual({ mended, refused: [], left: [] });
    const kept = readdirSync(deployment.dir).filter((name) => name.startsWith(".gitignore.bak-"));
    expect(kept).toHaveLength(2);
    expect(kept.map((name) => readFileSync(join(deployment.dir, name), "utf8"))).toContain("node_modules/\n");
  });

  it("writes nothing that was not agreed to", async () => {
    deployment = makeGoodDeployment({}, { hasRepository: true });
    deployment.write(".gitignore", "node_modules/\n");
    const offered: string[] = [];
    await mendAll(({ checkId }) => {
      offered.push(checkId);
      return false;
    });
    expect(offered).toEqual(["version-control.patterns", "version-control.secrets-ignored"]);
    expect(readFileSync(join(deployment.dir, ".gitignore"), "utf8")).toBe("node_modules/\n");
  });
});

describe("an edit that is applied", () => {
  const NOW = Date.UTC(2026, 10, 23, 8);

  function edit(): FileEdit {
    const path = join(deployment.dir, "deploy/.env");
    return { path, before: readFileSync(path, "utf8"), after: "RATE=1\n" };
  }

  it("keeps mode and link of the file, and the old text with its mode beside it", () => {
    deployment = makeGoodDeployment();
    const one = edit();
    renameSync(one.path, `${one.path}.real`);
    symlinkSync(`${one.path}.real`, one.path);
    chmodSync(one.path, 0o640);
    const { backup = "" } = applyEdit(one, NOW);
    expect(backup).toBe(`${one.path}.real.bak-20261123T080000.000Z`);
    expect([one.path, backup].map((path) => statSync(path).mode & 0o777)).toEqual([0o640, 0o640]);
    expect(readFileSync(one.path, "utf8")).toBe("RATE=1\n");
    expect(readFileSync(`${one.path}.real`, "utf8")).toBe("RATE=1\n");
    expect(readFileSync(backup, "utf8")).toBe(one.before);
  });

  it("is refused, with nothing changed, when the file is not what was read", () => {
    deployment = makeGoodDeployment();
    const one = edit();
    writeFileSync(one.path, "MINE=1\n");
    expect(() => applyEdit(one, NOW)).toThrow(EditRefused);
    expect(readFileSync(one.path, "utf8")).toBe("MINE=1\n");
    expect(readdirSync(join(deployment.dir, "deploy")).filter((name) => name.includes(".bak-"))).toEqual([]);
  });

  it("makes a file that was not there, and refuses for one that is gone", () => {
    deployment = makeGoodDeployment();
    const path = join(deployment.dir, ".gitignore");
    expect(applyEdit({ path, before: "", after: "data/\n" }, NOW)).toEqual({ path, backup: undefined });
    expect(readFileSync(path, "utf8")).toBe("data/\n");
    const gone = { path: join(deployment.dir, "gone"), before: "x", after: "y" };
    expect(() => applyEdit(gone, NOW)).toThrow(/is gone/);
    expect(existsSync(gone.path)).toBe(false);
  });
});

describe("passerby doctor --fix", () => {
  const flags = (): readonly string[] => {
    deployment = makeGoodDeployment({}, { hasRepository: true });
    deployment.patch(".gitignore", "deploy/secrets/\n", "");
    const { repo = "", compose = "", env = "" } = deployment.options;
    return ["doctor", "--section", "6", "--repo", repo, "--compose", compose, "--env", env, "--fix"];
  };
  const ignores = (): boolean => readFileSync(join(deployment.dir, ".gitignore"), "utf8").includes("secrets/privkey");

  it("shows the diff and changes nothing where nobody can be asked; --yes changes it", async () => {
    const args = flags();
    const shown = await runCommand(args);
    expect(shown.stderr).toMatch(/^\+\/deploy\/secrets\/privkey\.pem$/m);
    expect(shown.stderr).toContain("nobody is there to ask");
    expect([shown.code, ignores()]).toEqual([1, false]);
    const done = await runCommand([...args, "--yes", "--json"]);
    expect(done.stderr).toContain("Mended: version-control.secrets-ignored.");
    expect([done.code, ignores()]).toEqual([0, true]);
    expect(JSON.parse(done.stdout)).toMatchObject({ summary: { fail: 0 } });
  });

  it.skipIf(script === undefined)("asks at a terminal, and takes only a yes for one [needs script]", () => {
    const command = [process.execPath, COMMAND, ...flags()].join(" ");
    const answer = (text: string): number | null =>
      spawnSync(script ?? "", ["-qec", command, "/dev/null"], { input: text, env: { PATH: process.env["PATH"] } })
        .status;
    expect([answer("\n"), ignores()]).toEqual([1, false]);
    expect([answer("y\n"), ignores()]).toEqual([0, true]);
  });
});

describe("passerby doctor --watch", () => {
  it("prints what changed as JSON lines, and ends at Ctrl-C with the worst exit code, though it was mended", async () => {
    deployment = makeGoodDeployment({}, { hasRepository: true });
    deployment.patch("README.md", "## Privacy", "## Visitors");
    const { repo = "" } = deployment.options;
    const flags = ["--section", "5", "--repo", repo, "--json", "--watch", "10m", "--every", "1s"];
    const child = spawn(process.execPath, [COMMAND, "doctor", ...flags], { stdio: ["ignore", "pipe", "inherit"] });
    const closed = once(child, "close");
    const lines: { round?: number; id?: string; verdict?: string }[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(JSON.parse(line));
      const { id, verdict } = lines.at(-1) ?? {};
      if (id !== "privacy.readme-section") continue;
      if (verdict === "fail") deployment.patch("README.md", "## Visitors", "## Privacy");
      else child.kill("SIGINT");
    }
    const told = lines.filter(({ id }) => id === "privacy.readme-section");
    expect(told.map(({ verdict }) => verdict)).toEqual(["fail", "pass"]);
    expect(lines.filter(({ id, round = 1 }) => id !== "privacy.readme-section" && round > 1)).toEqual([]);
    expect(lines.at(-1)).toMatchObject({ ended: true, exit_code: 1 });
    expect(await closed).toEqual([1, null]);
  });
});
