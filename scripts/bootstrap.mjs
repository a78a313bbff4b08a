/**
 * First thing that `npm start` and `npm test` run, on whatever Node is there: installs the packages when the lockfile
 * has changed, then hands over to the project's own Node. Plain JavaScript, since an old Node cannot read the rest.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const stamp = `${root}node_modules/.passerby-installed`;
const ownNode = `${root}node_modules/.bin/node`;
const [script, ...args] = process.argv.slice(2);

const lockHash = createHash("sha256")
  .update(readFileSync(`${root}package-lock.json`))
  .digest("hex");
const isInstalled = existsSync(stamp) && readFileSync(stamp, "utf8") === lockHash;

if (!isInstalled) {
  process.stderr.write("Installing packages …\n");
  // The warning that the old Node is too old for some packages would only confuse: they run on the project's own.
  const install = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (install.status !== 0) {
    process.stderr.write("npm ci failed: see above; the npm registry must be reachable\n");
    process.exit(2);
  }
  writeFileSync(stamp, lockHash);
}

if (!existsSync(ownNode)) {
  process.stderr.write("the package node@24 could not install its binary: run npm ci with install scripts allowed\n");
  process.exit(2);
}

const run = spawn(ownNode, [`${root}scripts/${script}`, ...args], { cwd: root, stdio: "inherit" });
// A supervisor signals this process only; a terminal signals both, and the second signal of the same kind does no harm.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => run.kill(signal));
run.on("exit", (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
