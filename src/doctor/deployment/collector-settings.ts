/** What the collector of a deployment is set to, and where each value stands. */
import { readSettings, SETTINGS, type Settings } from "../../config.ts";
import { describeError } from "../../errors.ts";
import { InputUnreadable } from "../input-errors.ts";
import type { ComposeProject } from "./compose-project.ts";
import type { EnvFile } from "./env-file.ts";

/** The service of the compose file that collects. */
export const COLLECTOR = "collector";

export type CollectorSettings = {
  readonly settings: Settings;
  /** Values as they reach the collector, by variable. */
  readonly values: ReadonlyMap<string, string>;
  /** Where a variable is set: `file:line`. */
  readonly whereIs: (variable: string) => string;
};

/** Reads the settings that the compose file's collector gets, or those of the file of variables. Throws InputUnreadable. */
export function readCollectorSettings(
  compose: ComposeProject | undefined,
  env: EnvFile | undefined,
): CollectorSettings {
  const values = compose === undefined ? (env?.values ?? new Map<string, string>()) : environmentOf(compose, COLLECTOR);
  const whereIs = (variable: string): string => {
    if (env?.values.has(variable)) return env.whereIs(variable);
    return compose?.whereIs(["services", COLLECTOR, "environment", variable]) ?? env?.path ?? "";
  };
  const known = new Set<string>(Object.values(SETTINGS).map(({ variable }) => variable));
  const source = Object.fromEntries([...values].filter(([name]) => known.has(name)));
  try {
    // In a container it listens on every address, whatever its variables say (the command's --host).
    const settings = readSettings(compose === undefined ? {} : { HOST: "0.0.0.0" }, source);
    return { settings, values, whereIs };
  } catch (cause) {
    const message = describeError(cause);
    throw new InputUnreadable(whereIs(/^\w+/.exec(message)?.[0] ?? ""), message, cause);
  }
}

/** The environment of a service, from a map or from a list of `NAME=value`. */
export function environmentOf(compose: ComposeProject, service: string): ReadonlyMap<string, string> {
  const environment = compose.valueAt(["services", service, "environment"]);
  if (Array.isArray(environment)) {
    return new Map(
      environment.map((line: unknown) => {
        const [name = "", ...rest] = String(line).split("=");
        return [name, rest.join("=")];
      }),
    );
  }
  const entries = typeof environment === "object" && environment !== null ? Object.entries(environment) : [];
  return new Map(entries.map(([name, value]: [string, unknown]) => [name, String(value ?? "")]));
}
