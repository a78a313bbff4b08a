/** What the collector of a deployment is set to, and where each value stands. */
import { readSettings, SETTINGS, type Settings } from "../../config.ts";
import { describeError } from "../../errors.ts";
import { InputUnreadable } from "../input-errors.ts";
import { envFilesOf } from "./compose/compose-service.ts";
import { collectorOf } from "./compose/service-roles.ts";
import type { ComposeProject } from "./compose-project.ts";
import { type EnvFile, readEnvFile } from "./env-file.ts";

export type CollectorSettings = {
  /** As parsed; origins that the collector would refuse are left out here, and told by the checks of CORS. */
  readonly settings: Settings;
  /** Values as they reach the collector, by variable. */
  readonly values: ReadonlyMap<string, string>;
  /** Where a variable is set: `file:line`. */
  readonly whereIs: (variable: string) => string;
};

/** In place of a list without any origin that may be used, so that all else can be judged. */
const NO_ORIGIN = "https://no-origin.invalid";

/** Reads the settings that the compose file's collector gets, or those of the file of variables. Throws InputUnreadable. */
export function readCollectorSettings(
  compose: ComposeProject | undefined,
  env: EnvFile | undefined,
): CollectorSettings {
  const collector = compose === undefined ? undefined : collectorOf(compose);
  const values = collector?.environment ?? env?.values ?? new Map<string, string>();
  const whereIs = (variable: string): string => whereOf(compose, collector?.name, env, variable);
  const known = new Set<string>(Object.values(SETTINGS).map(({ variable }) => variable));
  const source = Object.fromEntries([...values].filter(([name]) => known.has(name)));
  const { origins } = splitOrigins(values.get("ALLOWED_ORIGINS") ?? "");
  const usable = origins.filter((origin) => origin !== "*");
  const flags = {
    // In a container it listens on every address, whatever its variables say (the command's --host).
    ...(compose !== undefined && { HOST: "0.0.0.0" }),
    ALLOWED_ORIGINS: usable.length === 0 ? NO_ORIGIN : usable.join(","),
  };
  try {
    return { settings: readSettings(flags, source), values, whereIs };
  } catch (cause) {
    const message = describeError(cause);
    throw new InputUnreadable(whereIs(/^\w+/.exec(message)?.[0] ?? ""), message, cause);
  }
}

/** Parts ALLOWED_ORIGINS into what the collector accepts and what it stops at. */
export function splitOrigins(text: string): {
  readonly origins: readonly string[];
  readonly refused: readonly string[];
} {
  const items = text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
  const isAccepted = (item: string): boolean => SETTINGS.allowedOrigins.parse(item) !== undefined;
  return { origins: items.filter(isAccepted), refused: items.filter((item) => !isAccepted(item)) };
}

function whereOf(
  compose: ComposeProject | undefined,
  service: string | undefined,
  env: EnvFile | undefined,
  variable: string,
): string {
  if (compose === undefined || service === undefined) return env?.whereIs(variable) ?? "";
  const path = ["services", service, "environment"];
  const written = String(compose.writtenAt([...path, variable]) ?? "");
  // The value of `${NAME:-…}` stands where NAME is given, if it is.
  const named = /^\$\{?(\w+)/.exec(written)?.[1];
  if (named !== undefined && env?.values.has(named)) return env.whereIs(named);
  const at = compose.whereIs([...path, variable]);
  if (at !== compose.whereIs(path)) return at;
  const file = envFilesOf(compose, service).find((each) => readEnvFile(each).values.has(variable));
  return file === undefined
    ? env?.values.has(variable)
      ? env.whereIs(variable)
      : at
    : readEnvFile(file).whereIs(variable);
}

export { environmentOf } from "./compose/compose-service.ts";
