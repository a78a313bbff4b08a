/** A deployment that is all right, as files in a folder of its own: what a fault is a patch to. */
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type CommandAnswer, type DoctorOptions, openInputs } from "../../src/doctor/inputs.ts";
import { type Result, runChecks } from "../../src/doctor/run-checks.ts";
import { runCommand } from "../support/command.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
export const DOMAIN = "metrics.example.com";
export const SITE_ORIGIN = "https://example.com";

export type Deployment = {
  readonly dir: string;
  readonly options: DoctorOptions;
  /** Replaces a text in a file of it; throws where the text is not there exactly once. */
  readonly patch: (file: string, from: string | RegExp, to: string) => void;
  /** Writes a file of it. */
  readonly write: (file: string, text: string) => void;
  readonly remove: () => void;
};

/** Makes it from the files of `deploy/`, filled in as the guide says. Remove it. */
export function makeGoodDeployment(more: Partial<DoctorOptions> = {}): Deployment {
  const dir = mkdtempSync(join(tmpdir(), "passerby-doctor-"));
  cpSync(join(ROOT, "deploy"), join(dir, "deploy"), {
    recursive: true,
    filter: (path) => !/\/(\.env|secrets)$/.test(path),
  });
  const example = readFileSync(join(dir, "deploy/.env.example"), "utf8");
  writeFileSync(join(dir, "deploy/.env"), example);
  chmodSync(join(dir, "deploy/.env"), 0o600);
  const write = (file: string, text: string): void => {
    mkdirSync(join(dir, file, ".."), { recursive: true });
    writeFileSync(join(dir, file), text);
  };
  return {
    dir,
    options: {
      compose: join(dir, "deploy/docker-compose.full.yml"),
      env: join(dir, "deploy/.env"),
      nginx: join(dir, "deploy/edge/nginx.conf"),
      site: undefined,
      ...{ load: false, rehearse: false, runTests: false },
      network: { connectTo: new Map(), ca: undefined },
      // Without root's programs: nginx -t is asked by the tests that are about it.
      environment: { PATH: "/usr/bin:/bin" },
      flagsOf: async () => [
        ...["--data-dir", "--interval", "--gzip-after-days", "--delete-after-days", "--max-mb", "--once", "--dry-run"],
      ],
      passerby: runPasserby,
      ...more,
    },
    patch: (file, from, to) => {
      const before = readFileSync(join(dir, file), "utf8");
      const after = before.replace(from, () => to);
      if (after === before) throw new Error(`${file} has no ${from}`);
      writeFileSync(join(dir, file), after);
    },
    write,
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

async function runPasserby(args: readonly string[]): Promise<CommandAnswer> {
  const { code, stdout, stderr } = await runCommand(args);
  return { code: code ?? -1, stdout, stderr };
}

/** A deployment that is broken in one way. */
export type Fault = {
  /** What is wrong, as a sentence of fact. */
  readonly name: string;
  readonly breakIt: (deployment: Deployment) => void;
  /** The one check that must find it. */
  readonly finds: string;
  /** What its evidence must name. */
  readonly names: RegExp;
};

/** Runs the doctor over it; returns what was not well, `id: evidence`. */
export async function complaintsOf(options: DoctorOptions): Promise<readonly string[]> {
  const results = await runChecks(openInputs(options));
  const broken = results.filter(({ isBroken }) => isBroken);
  if (broken.length > 0) throw new Error(JSON.stringify(broken));
  return results.flatMap(complaint);
}

function complaint({ check, finding }: Result): readonly string[] {
  if (finding.verdict === "pass" || finding.verdict === "skipped") return [];
  const seen = finding.evidence.map(({ what, found, where }) => `${what} ${found} ${where ?? ""}`).join("; ");
  return [`${check.id}: ${seen}`];
}
