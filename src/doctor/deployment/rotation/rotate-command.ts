/** The command of a rotator as `passerby rotate` would read it: flags, values, and what it would refuse. */
import type { Service } from "../compose/compose-service.ts";

export type RotateCommand = {
  /** Flags as they are given, `--interval`, with their values; empty for those that take none. */
  readonly flags: ReadonlyMap<string, string>;
  /** Words that are neither a flag nor the value of one. */
  readonly strays: readonly string[];
  readonly dataDir: string;
  readonly intervalSeconds: number;
  readonly gzipAfterDays: number;
  readonly deleteAfterDays: number;
  readonly maxMb: number;
};

const WITHOUT_VALUE: readonly string[] = ["--once", "--dry-run", "--json", "--help"];
/** Flags of a number, with the least and the most that is taken (cmd/rotate.ts). */
const NUMBERS: Readonly<Record<string, readonly [number, number]>> = {
  "--interval": [1, 86_400],
  "--gzip-after-days": [1, 100_000],
  "--delete-after-days": [1, 100_000],
  "--max-mb": [1, 1_048_576],
};

/** Where the image has its data. */
export const IMAGE_DATA_DIR = "/data";

/** Reads it. */
export function readRotateCommand({ words, environment }: Pick<Service, "words" | "environment">): RotateCommand {
  const flags = new Map<string, string>();
  const strays: string[] = [];
  const rest = words.slice(words.indexOf("rotate") + 1);
  for (let index = 0; index < rest.length; index++) {
    const word = rest[index] ?? "";
    const [, name, value] = /^(--[^=]+)(?:=([\s\S]*))?$/.exec(word) ?? [];
    if (name === undefined) strays.push(word);
    else if (value !== undefined || WITHOUT_VALUE.includes(name)) flags.set(name, value ?? "");
    else if (rest[index + 1] === undefined || rest[index + 1]?.startsWith("--")) flags.set(name, "");
    else flags.set(name, rest[++index] ?? "");
  }
  const given = (flag: string, variable: string, fallback: string): string =>
    flags.get(flag) ?? (environment.get(variable) || fallback);
  return {
    ...{ flags, strays },
    dataDir: given("--data-dir", "METRICS_DATA_DIR", IMAGE_DATA_DIR),
    intervalSeconds: Number(flags.get("--interval") ?? 300),
    gzipAfterDays: Number(flags.get("--gzip-after-days") ?? 3),
    deleteAfterDays: Number(given("--delete-after-days", "METRICS_RETENTION_DAYS", "30")),
    maxMb: Number(given("--max-mb", "METRICS_MAX_SHARD_MB", "64")),
  };
}

/** Says what the command would stop at, by the flags that it really takes; undefined for nothing. */
export function refusalOf({ flags, strays }: RotateCommand, known: readonly string[]): string | undefined {
  // How to compress and print, which every version takes.
  const taken = [...known, "--compress", "--json"];
  const [stranger] = [...flags.keys()].filter((flag) => !taken.includes(flag));
  if (stranger !== undefined) return `${stranger} is no flag of passerby rotate`;
  if (strays.length > 0) return `${strays[0]} is neither a flag nor the value of one`;
  for (const [flag, value] of flags) {
    const bounds = NUMBERS[flag];
    if (bounds === undefined ? !WITHOUT_VALUE.includes(flag) && value === "" : !isWhole(value, bounds)) {
      const says = bounds === undefined ? "a value" : `a whole number from ${bounds[0]} to ${bounds[1]}`;
      return `${flag} ${value} is not allowed: give ${says}`;
    }
  }
  const compress = flags.get("--compress") ?? "gzip";
  return /^(gzip|zstd)$/.test(compress) ? undefined : `--compress ${compress} is not allowed: give gzip or zstd`;
}

/** What comes of a log that is kept for other than the promised days. */
export function effectOfRetention(deleteAfterDays: number, promisedDays: number): string {
  return deleteAfterDays > promisedDays
    ? "The log keeps events for longer than was promised"
    : "The log is deleted before the store, which cannot be rebuilt then";
}

function isWhole(text: string, [least, most]: readonly [number, number]): boolean {
  return /^\d{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most;
}
