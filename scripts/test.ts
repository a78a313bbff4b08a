/**
 * `npm test`: installs what the tests need where it may, runs every check, and closes with `N passed, N failed`.
 * A skipped test is counted with its reason; a skip for which this machine has the means is a failure.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { describeError } from "../src/errors.ts";
import { findPart } from "../test/means.ts";
import { buildStale } from "./build.ts";
import { type Counts, countTests, type Skip } from "./count-tests.ts";
import { installParts } from "./install-parts.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const REPORT = join(ROOT, "node_modules/.cache/passerby/tests.json");
/** Compiled packages: each test file has a process of its own, which loads the same ones. */
const COMPILED = join(ROOT, "node_modules/.cache/passerby/compiled");

/** Needs that no package can meet, with what would; the tests found out themselves that they are not met here. */
const NOT_INSTALLABLE: Readonly<Record<string, string>> = {
  long: "run npm test -- --long",
  "shared data": "it lies beside the project's own checkout only",
  tmpfs: "mounting it needs root",
  root: "run it as root",
  "user namespaces": "the kernel, or a folder above this one that user 1001 cannot enter, does not let bubblewrap work",
  "loop mount": "it needs root, a loop device and mkfs.ext4",
};

type Flags = { readonly long?: boolean };

/** Runs a command, and prints what it wrote when it has ended, since others run beside it; true when it succeeded. */
async function check(name: string, program: string, args: readonly string[]): Promise<boolean> {
  const started = performance.now();
  const child = spawn(join(ROOT, "node_modules/.bin", program), args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  const written: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => written.push(chunk));
  const [status] = await once(child, "close");
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(Buffer.concat(written));
  process.stdout.write(`${status === 0 ? "ok    " : "FAILED"} ${name} (${seconds} s)\n`);
  return status === 0;
}

function runTests(paths: readonly string[], flags: Flags): Counts {
  mkdirSync(dirname(REPORT), { recursive: true });
  rmSync(REPORT, { force: true });
  const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
  const args = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${REPORT}`, ...paths];
  const scratch = mkdtempSync(join(tmpdir(), "passerby-tests-"));
  chmodSync(scratch, 0o1777); // Some tests run as another user, whose temporary folder it is as well.
  const env = { ...process.env, TMPDIR: scratch, PASSERBY_LONG: flags.long ? "1" : "0", NODE_COMPILE_CACHE: COMPILED };
  const { status } = spawnSync(process.execPath, [vitest, ...args], { cwd: ROOT, stdio: "inherit", env });
  removeScratch(scratch);
  // Without a report nothing has run to its end, whatever the runner's exit code says.
  if (!existsSync(REPORT)) return { passed: 0, failed: 1, skips: [] };
  const isMet = (need: string): boolean => (need === "long" ? flags.long === true : findPart(need) !== undefined);
  const counts = countTests(readFileSync(REPORT, "utf8"), isMet);
  // The runner fails for an unhandled error, too, which belongs to no test.
  return status !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

/** What a test has left mounted or running may hold it: that is told, and the result all the same. */
function removeScratch(scratch: string): void {
  try {
    rmSync(scratch, { recursive: true, force: true });
  } catch (error) {
    process.stdout.write(`${scratch} stays: ${describeError(error)}\n`);
  }
}

function describeSkips(skips: readonly Skip[]): string {
  if (skips.length === 0) return "0 skipped";
  const total = skips.reduce((sum, { count }) => sum + count, 0);
  const reasons = skips.map(({ need, count }) => `${count} need ${need} (${NOT_INSTALLABLE[need] ?? "not installed"})`);
  return `${total} skipped: ${reasons.join("; ")}`;
}

async function run(paths: readonly string[], flags: Flags): Promise<void> {
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  // None waits for another, and an installation waits for the network most of its time.
  const [missing, checks] = await Promise.all([
    installParts(print),
    Promise.all([check("format and lint", "biome", ["ci", "--error-on-warnings", "."]), check("types", "tsc", ["-b"])]),
    buildStale(print),
  ]);
  const counts = runTests(paths, flags);
  const isExcused = ({ need }: Skip): boolean =>
    missing.includes(need) || (Object.hasOwn(NOT_INSTALLABLE, need) && !(need === "long" && flags.long));
  const needless = counts.skips.filter((skip) => !isExcused(skip));
  for (const { need, count } of needless) print(`FAILED ${count} skipped for ${need}, which this machine has`);
  print(describeSkips(counts.skips));
  const failed = counts.failed + checks.filter((isGood) => !isGood).length + needless.length;
  print(`${counts.passed + checks.filter(Boolean).length} passed, ${failed} failed`);
  process.exitCode = failed === 0 && counts.passed > 0 ? 0 : 1;
}

await new Command("npm test --")
  .description("run every check and test")
  .argument("[paths...]", "only test files whose path holds one of these")
  .option("--long", "also the long loops, soaks and fuzzing")
  .action((paths: string[], flags: Flags) => run(paths, flags))
  .parseAsync();
