/** Where the output of the rotator's container goes, by the compose file. */
import type { ComposeProject } from "../deployment/compose-project.ts";
import { textIn, valueIn } from "../probe/json-values.ts";

export type Logging = {
  readonly service: string;
  /** `json-file` is what Docker takes where nothing is said. */
  readonly driver: string;
  readonly isSaid: boolean;
  readonly maxSize: string;
  readonly where: string;
};

/** Services that run the rotator: by their command, or else by their name. */
export function listRotators(compose: ComposeProject): readonly string[] {
  const runsIt = compose.services.filter((service) =>
    /(^|[\s,/])(rotate|metrics_rotate\.py)($|[\s,])/.test(commandOf(compose, service)),
  );
  return runsIt.length > 0 ? runsIt : compose.services.filter((service) => /rotat/i.test(service));
}

function commandOf(compose: ComposeProject, service: string): string {
  return ["entrypoint", "command"]
    .map((key) => compose.valueAt(["services", service, key]))
    .map((value) => (Array.isArray(value) ? value.join(" ") : String(value ?? "")))
    .join(" ");
}

/** What its `logging` says. */
export function loggingOf(compose: ComposeProject, service: string): Logging {
  const logging = compose.valueAt(["services", service, "logging"]);
  const driver = textIn(logging, "driver");
  const maxSize = valueIn(logging, "options", "max-size");
  return {
    service,
    driver: driver === "" ? "json-file" : driver,
    isSaid: driver !== "",
    maxSize: maxSize === undefined || maxSize === null ? "" : String(maxSize),
    where: compose.whereIs(["services", service, "logging"]),
  };
}
