/** What the subcommands of `passerby import` share: their options, read and checked. */
import { basename, resolve } from "node:path";
import { Command } from "commander";
import { systemClock } from "../src/clock.ts";
import type { Settings, Site } from "../src/config.ts";
import { PasserbyError } from "../src/errors.ts";
import type { DatasetImport } from "../src/transfer/import-dataset.ts";
import { commandSettings } from "./settings.ts";

export type ImportFlags = {
  site?: string;
  dataset?: string;
  keep?: string;
  dataDir?: string;
  json?: boolean;
};

/** Makes a subcommand with the options that every import has. */
export function importSubcommand(name: string, file: string): Command {
  return new Command(name)
    .argument("<file>", file)
    .option("--site <site>", "site that the events are of (default: the default site)")
    .option("--dataset <name>", "name of the dataset, a-z, 0-9 and - (default: from the file's name)")
    .option("--keep <time>", "how long the events are to be kept, such as 30d, or forever (default: forever)")
    .option("--data-dir <dir>", "data directory (METRICS_DATA_DIR, default ./data)")
    .option("--json", "print the report as JSON, and no progress");
}

/** What an import is told, and the names of the sites that the server knows. */
export type ReadOptions = { readonly options: DatasetImport; readonly knownSites: readonly string[] };

/** Reads the options. Throws `setting_invalid`. */
export function readImportOptions(path: string, flags: ImportFlags, onProgress: (share: number) => void): ReadOptions {
  const settings = commandSettings({ METRICS_DATA_DIR: flags.dataDir }, undefined);
  const options = {
    path,
    stdin: process.stdin,
    dataDir: resolve(settings.dataDir),
    dataset: flags.dataset ?? datasetOf(path),
    keepDays: flags.keep === undefined ? undefined : parseKeep(flags.keep),
    site: findSite(flags.site ?? settings.defaultSite, settings),
    clock: systemClock,
    onProgress,
  };
  return { options, knownSites: settings.sites.map(({ name }) => name) };
}

/** Says on standard error which sites of an import the server would not show. */
export function warnOfSites(sites: readonly string[], known: readonly string[]): void {
  for (const site of sites.filter((name) => !known.includes(name))) {
    console.error(`METRICS_SITES does not name ${site} (it has ${known.join(", ")}): add it to see these events`);
  }
}

function findSite(name: string, settings: Settings): Site {
  const folded = name.toLowerCase();
  if (!/^[a-z0-9.-]{1,253}$/.test(folded)) {
    throw new PasserbyError("setting_invalid", `--site ${name} is not allowed: give a host name such as example.com`);
  }
  return settings.sites.find((site) => site.name === folded) ?? { name: folded, hosts: [folded] };
}

/** `/var/log/nginx/access.log.2.gz` → `access-log-2` */
function datasetOf(path: string): string {
  const name = basename(path)
    .replace(/\.gz$/i, "")
    .replace(/\.(?:log|jsonl|csv|parquet)$/i, "");
  const slug = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 40)
    .replaceAll(/^-+|-+$/g, "");
  return path === "-" ? "stdin" : slug || "import";
}

function parseKeep(text: string): number | null {
  if (text === "forever") return null;
  const days = /^(\d{1,5})d$/.exec(text)?.[1];
  if (days !== undefined && Number(days) > 0) return Number(days);
  throw new PasserbyError("setting_invalid", `--keep ${text} is not allowed: give days, such as 30d, or forever`);
}
