/** Settings of a command: flags first, then the environment, then the file named with --config. */
import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { readSettings, SETTING_KEYS, SETTINGS, type SettingSource, type Settings } from "../src/config.ts";
import { PasserbyError } from "../src/errors.ts";

/**
 * Reads the settings. `flags` are by variable name; `configPath` names a file of NAME=value lines. Throws
 * `setting_invalid`, also for a name in the file that is no setting.
 */
export function commandSettings(flags: SettingSource, configPath: string | undefined): Settings {
  return readSettings(flags, process.env, configPath === undefined ? {} : readConfigFile(configPath));
}

function readConfigFile(path: string): SettingSource {
  let source: SettingSource;
  try {
    source = parseEnv(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new PasserbyError("setting_invalid", `--config ${path} cannot be read: check the path and its mode`, {
      cause,
    });
  }
  const known = SETTING_KEYS.map((key) => SETTINGS[key].variable);
  const stranger = Object.keys(source).find((name) => !known.includes(name));
  if (stranger === undefined) return source;
  throw new PasserbyError(
    "setting_invalid",
    `${path}: ${stranger} is no setting: did you mean ${nearest(stranger, known)}?`,
  );
}

function nearest(name: string, known: readonly string[]): string {
  const scored = known.map((candidate) => ({ candidate, distance: editDistance(name, candidate) }));
  return scored.sort((a, b) => a.distance - b.distance)[0]?.candidate ?? "";
}

/** Levenshtein distance by rows. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
