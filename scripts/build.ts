/** Builds what is stale: each part has its inputs, and is built again only when one of them has changed. */
import { createHash } from "node:crypto";
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build as esbuild } from "esbuild";
import { build as viteBuild } from "vite";
import packageFacts from "../package.json" with { type: "json" };
import { buildTracker } from "./build-tracker.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const DIST = join(ROOT, "dist");

/** Packages of hundreds of modules, of which we use a part: bundled they load in a tenth of the time. */
const BUNDLED = ["typebox", "temporal-polyfill"];

type Part = {
  readonly name: string;
  /** Globs from the root; the lockfile is always one of them. */
  readonly inputs: readonly string[];
  readonly build: () => Promise<void>;
};

/** Parts in the order in which they are built: the site uses the tracker. */
const PARTS: readonly Part[] = [
  { name: "server", inputs: ["cmd/**/*.ts", "src/**/*.ts", "src/**/*.sql", "scripts/build.ts"], build: buildServer },
  {
    name: "tracker",
    inputs: ["src/tracker/**", "src/overlay/**", "src/sampling.ts", "scripts/build-tracker.ts"],
    build: buildTracker,
  },
  { name: "dashboard", inputs: ["src/dashboard/**", "src/report.ts"], build: () => buildPages("src/dashboard") },
  {
    name: "site",
    inputs: ["site/**", "src/tracker/**", "src/overlay/**", "src/sampling.ts"],
    build: () => buildPages("site"),
  },
];

/** Builds all stale parts; `report` is told about each as it begins. */
export async function buildStale(report: (line: string) => void): Promise<void> {
  const stale = PARTS.filter((part) => readStamp(part) !== hashInputs(part));
  for (const [index, part] of stale.entries()) {
    report(`Building ${part.name} (${index + 1} of ${stale.length}) …`);
    await part.build();
    mkdirSync(DIST, { recursive: true });
    writeFileSync(stampPath(part), hashInputs(part));
  }
}

async function buildServer(): Promise<void> {
  rmSync(join(DIST, "server"), { recursive: true, force: true });
  await esbuild({
    entryPoints: {
      passerby: join(ROOT, "cmd/passerby.ts"),
      "writer-thread": join(ROOT, "src/log/write/writer-thread.ts"),
      "worker-main": join(ROOT, "src/server/workers/worker-main.ts"),
      "rotate-main": join(ROOT, "src/server/rotation/rotate-main.ts"),
    },
    outdir: join(DIST, "server"),
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node22",
    // Nobody needs playwright-core to run the server: doctor takes it where it is there.
    external: [...Object.keys(packageFacts.dependencies).filter((name) => !BUNDLED.includes(name)), "playwright-core"],
    sourcemap: "linked",
    logLevel: "warning",
  });
  cpSync(join(ROOT, "src/query/sql"), join(DIST, "server/sql"), { recursive: true });
}

async function buildPages(folder: string): Promise<void> {
  const configFile = join(ROOT, folder, "vite.config.ts");
  await viteBuild({ configFile, root: join(ROOT, folder), logLevel: "warn" });
}

function stampPath(part: Part): string {
  return join(DIST, `.${part.name}.stamp`);
}

function readStamp(part: Part): string {
  return existsSync(stampPath(part)) && existsSync(join(DIST, part.name)) ? readFileSync(stampPath(part), "utf8") : "";
}

function hashInputs(part: Part): string {
  const hash = createHash("sha256").update(readFileSync(join(ROOT, "package-lock.json")));
  const files = part.inputs
    .flatMap((glob) => globSync(glob, { cwd: ROOT, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !entry.name.includes(".test."))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const file of files) hash.update(`${file.slice(ROOT.length)}\0`).update(readFileSync(file));
  return hash.digest("hex");
}

if (import.meta.main) await buildStale((line) => process.stderr.write(`${line}\n`));
