/**
 * Templates of nginx's official image that are not filled in yet: filled as the image would, in memory, so that what will
 * run is checked and what is found is told with the template's own lines.
 */
import { spawnSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { InputUnreadable } from "../input-errors.ts";
import type { VirtualFile } from "./nginx-config.ts";

export type Filling = {
  /** The first file of the configuration; templates lie in `templates/` beside it, or are mounted. */
  readonly config: string;
  readonly mounts: ReadonlyMap<string, string>;
  readonly values: ReadonlyMap<string, string>;
  /** Where programs are looked for. */
  readonly path: string | undefined;
};

/** The templates of a configuration. */
export function findTemplates({ config, mounts }: Pick<Filling, "config" | "mounts">): readonly string[] {
  const folder = templateFolder(config, mounts);
  return globSync("**/*.template", { cwd: folder })
    .sort()
    .map((name) => join(folder, name))
    .filter((template) => !existsSync(placeOf(template, config, mounts)));
}

/** Fills every template in; returns the files by the path where nginx looks for them. Throws InputUnreadable. */
export function fillTemplates(filling: Filling): ReadonlyMap<string, VirtualFile> {
  const { config, mounts } = filling;
  const templates = findTemplates(filling);
  const values = templates.length === 0 ? new Map<string, string>() : prepareValues(filling);
  return new Map(templates.map((template) => [placeOf(template, config, mounts), fillTemplate(template, values)]));
}

function templateFolder(config: string, mounts: ReadonlyMap<string, string>): string {
  return mounts.get("/etc/nginx/templates") ?? join(dirname(config), "templates");
}

function placeOf(template: string, config: string, mounts: ReadonlyMap<string, string>): string {
  const name = relative(templateFolder(config, mounts), template).replace(/\.template$/, "");
  return join(dirname(config), "conf.d", name);
}

/** What the image's entry point would know: its *.envsh files are read by a shell, one after the other. */
function prepareValues({ config, mounts, values, path }: Filling): ReadonlyMap<string, string> {
  const env = { PATH: path ?? "/usr/bin:/bin", ...Object.fromEntries(values) };
  const mounted = [...mounts].filter(([target]) => /^\/docker-entrypoint\.d\/.+\.envsh$/.test(target));
  const beside = globSync(join(dirname(config), "docker-entrypoint.d/*.envsh"));
  const scripts = (mounted.length > 0 ? mounted.map(([, host]) => host) : beside).sort();
  if (scripts.length === 0) return values;
  const reading = 'set -e; for script do . "$script"; done; exec env -0';
  const { status, stdout, stderr, error } = spawnSync("sh", ["-c", reading, "sh", ...scripts], {
    encoding: "utf8",
    env,
  });
  const where = scripts[0] ?? config;
  if (error !== undefined) throw new InputUnreadable(where, `cannot be run: ${error.message}`, error);
  if (status !== 0) throw new InputUnreadable(where, stderr.trim().split("\n").at(-1) ?? `ended with ${status}`);
  const lines = stdout.split("\0").filter((line) => line !== "");
  return new Map(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}

/** As envsubst does: the names that there are, and no others; nginx's own variables have names in small letters. */
function fillTemplate(template: string, values: ReadonlyMap<string, string>): VirtualFile {
  const filled: string[] = [];
  const ownerLines: number[] = [];
  for (const [index, line] of readFileSync(template, "utf8").split("\n").entries()) {
    const text = line.replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced?: string, bare?: string) => {
      const value = values.get(braced ?? bare ?? "");
      if (value === undefined && braced !== undefined && /^[A-Z]/.test(braced)) {
        throw new InputUnreadable(`${template}:${index + 1}`, `${whole} is filled in by nobody`);
      }
      return value ?? whole;
    });
    for (const one of text.split("\n")) {
      filled.push(one);
      ownerLines.push(index + 1);
    }
  }
  return { text: filled.join("\n"), owner: template, lineOf: (line) => ownerLines[line - 1] ?? line };
}
