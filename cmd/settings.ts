/** Settings of a command: flags first, then the environment, then the file named with --config. */
import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { readSettings, SETTING_KEYS, SETTINGS, type SettingSource, type Settings } from "../src/config.ts";
import { PasserbyError } from "../src/errors.ts";
import { nearestName } from "../src/nearest-name.ts";

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
    `${path}: ${stranger} is no setting: did you mean ${nearestName(stranger, known)?.name ?? ""}?`,
  );
}
