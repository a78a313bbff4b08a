/** A deployment that is all right, as files in a folder of its own: what a fault is a patch to. */
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type CommandAnswer, type DoctorOptions, openInputs } from "../../src/doctor/inputs.ts";
import { type Result, type RunOptions, runChecks } from "../../src/doctor/run-checks.ts";
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
  /** Runs git in it; its repository is there when it was asked for. */
  readonly git: (...args: readonly string[]) => void;
  readonly remove: () => void;
};

/** What of our own repository goes into that of a deployment: what workflows call, and a test that drives a browser. */
const COMMITTED = [
  ...[".gitignore", "README.md", "package.json", "package-lock.json", ".github"],
  ...["scripts/test.ts", "test/browser/tracker-sandbox.test.ts", "src/event.ts", "cmd/main.ts"],
];
const EMPTY_FOLDERS = ["test/contract", "test/differential", "test/fault", "test/fuzz"];

/** The first deployment's repository, to copy for the next. */
let committed: string | undefined;

/** Makes it from the files of `deploy/`, filled in as the guide says; on demand as a git repository. Remove it. */
export function makeGoodDeployment(
  more: Partial<DoctorOptions> = {},
  { hasRepository = false }: { readonly hasRepository?: boolean } = {},
): Deployment {
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
  const git = (...args: readonly string[]): void => {
    const author = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgSign=false"];
    author.push("-c", "core.fsync=none", "-c", "gc.auto=0");
    execFileSync("git", ["-C", dir, ...author, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  };
  if (hasRepository) addRepository(dir, git);
  return {
    dir,
    git,
    options: {
      ...(hasRepository ? { repo: dir } : {}),
      compose: join(dir, "deploy/docker-compose.full.yml"),
      env: join(dir, "deploy/.env"),
      nginx: join(dir, "deploy/edge/nginx.conf"),
      site: undefined,
      ...{ load: false, rehearse: false, runTests: false },
      network: { connectTo: new Map(), ca: undefined },
      // Without root's programs: nginx -t is asked by the tests that are about it.
      environment: { PATH: "/usr/bin:/bin" },
      passerby: runPasserby,
      flagsOf: async (subcommand) =>
        subcommand === "start"
          ? ["--host", "--port", "--data-dir", "--workers", "--no-store", "--config"]
          : ["--data-dir", "--interval", "--gzip-after-days", "--delete-after-days", "--max-mb", "--once", "--dry-run"],
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

function addRepository(dir: string, git: (...args: readonly string[]) => void): void {
  for (const path of COMMITTED) cpSync(join(ROOT, path), join(dir, path), { recursive: true });
  for (const path of EMPTY_FOLDERS) mkdirSync(join(dir, path), { recursive: true });
  if (committed !== undefined) {
    cpSync(committed, join(dir, ".git"), { recursive: true });
    return;
  }
  git("init", "--quiet", "--initial-branch=main", "--template=");
  git("add", "--all");
  git("commit", "--quiet", "--message=all");
  // Made once and copied then: git takes longer for it than all the checks for theirs.
  const kept = mkdtempSync(join(tmpdir(), "passerby-doctor-git-"));
  committed = join(kept, ".git");
  cpSync(join(dir, ".git"), committed, { recursive: true });
  process.once("exit", () => rmSync(kept, { recursive: true, force: true }));
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

/** Runs the doctor over it, or those of its checks that are asked; returns what was not well, `id: evidence`. */
export async function complaintsOf(options: DoctorOptions, asked: RunOptions = {}): Promise<readonly string[]> {
  const results = await runChecks(openInputs(options), asked);
  const broken = results.filter(({ isBroken }) => isBroken);
  if (broken.length > 0) throw new Error(JSON.stringify(broken));
  return results.flatMap(complaint);
}

function complaint({ check, finding }: Result): readonly string[] {
  if (finding.verdict === "pass" || finding.verdict === "skipped") return [];
  const seen = finding.evidence.map(({ what, found, where }) => `${what} ${found} ${where ?? ""}`).join("; ");
  return [`${check.id}: ${seen}`];
}
