/** Installs the Debian packages that tests drive, where this may be done; elsewhere says what to install. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { findPart, PARTS } from "../test/means.ts";

/** Installs what is missing and returns the needs that stay unmet; prints one line when there is something to do. */
export async function installParts(print: (line: string) => void): Promise<readonly string[]> {
  const missing = PARTS.filter((part) => findPart(part.need) === undefined);
  if (missing.length === 0) return [];
  const packages = missing.map((part) => part.debianPackage);
  const mayInstall = process.getuid?.() === 0 && existsSync("/usr/bin/apt-get");
  if (!mayInstall) {
    print(
      `not installed: ${packages.join(", ")}; their tests are skipped (Debian: apt-get install ${packages.join(" ")})`,
    );
    return missing.map((part) => part.need);
  }
  print(`Installing ${packages.join(", ")} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  // Whether it has worked is seen by what is there afterwards.
  const apt = async (...args: string[]): Promise<void> => {
    await once(spawn("apt-get", ["-qq", ...args], { stdio: "ignore", env }), "close");
  };
  await apt("update");
  await apt("install", "--yes", "--no-install-recommends", ...packages);
  return PARTS.filter((part) => findPart(part.need) === undefined).map((part) => part.need);
}
