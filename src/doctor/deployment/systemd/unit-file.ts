/** Unit files of systemd that run Passerby, found in a repository and read as systemd reads them. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Repository } from "../repository.ts";

export type Unit = {
  readonly path: string;
  /** What [Service] says of a key, the last one winning; an empty one takes back what was before. */
  readonly valueOf: (key: string) => string | undefined;
  readonly whereIs: (key: string) => string;
};

/** Finds the units whose ExecStart is of ours. */
export function findUnits(repo: Repository): readonly Unit[] {
  const listed = repo.git("ls-files", "-co", "--exclude-standard", "--", "*.service");
  const paths = listed.code === 0 ? listed.out.split("\n").filter((path) => path !== "") : [];
  return paths
    .map((path) => join(repo.path, path))
    .filter((path) => existsSync(path))
    .map(readUnit)
    .filter((unit) => /passerby/.test(unit.valueOf("ExecStart") ?? ""));
}

function readUnit(path: string): Unit {
  const found = new Map<string, { value: string; line: number }>();
  let section = "";
  const lines = readFileSync(path, "utf8").split("\n");
  for (const [index, raw] of lines.entries()) {
    let line = raw.trim();
    for (let next = index + 1; line.endsWith("\\") && next < lines.length; next++) {
      line = `${line.slice(0, -1).trimEnd()} ${lines[next]?.trim()}`;
    }
    section = /^\[(.+)\]$/.exec(line)?.[1] ?? section;
    const [, key, value = ""] = /^([A-Za-z]+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (key !== undefined && section === "Service") found.set(key, { value, line: index + 1 });
  }
  return {
    path,
    valueOf: (key) => found.get(key)?.value,
    whereIs: (key) => (found.has(key) ? `${path}:${found.get(key)?.line}` : path),
  };
}
