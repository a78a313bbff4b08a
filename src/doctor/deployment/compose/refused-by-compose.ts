/** What Compose or Docker would refuse, or read otherwise than it was meant: keys and values that do not exist. */

import { nearestName } from "../../../nearest-name.ts";
import type { Evidence } from "../../check.ts";
import { isRecord } from "../../probe/json-values.ts";
import type { ComposePath, ComposeProject } from "../compose-project.ts";
import type { Service } from "./compose-service.ts";
import {
  CAPABILITIES,
  INNER_KEYS,
  MOUNT_OPTIONS,
  NETWORK_KEYS,
  PROJECT_KEYS,
  SECURITY_OPTIONS,
  SERVICE_KEYS,
  TMPFS_OPTIONS,
  VALUE_FORMS,
} from "./known-keys.ts";
import { rolesOf } from "./service-roles.ts";

/** Lists it: what it is, what is there, and what it should be. */
export function refusedByCompose(compose: ComposeProject): readonly Evidence[] {
  return [
    ...strangers(compose, [], PROJECT_KEYS),
    ...keysAt(compose, ["networks"]).flatMap((name) => strangers(compose, ["networks", name], NETWORK_KEYS)),
    ...keysAt(compose, ["networks"]).flatMap((name) => notTrue(compose, ["networks", name, "internal"])),
    ...compose.services.flatMap((name) => [
      ...strangers(compose, ["services", name], SERVICE_KEYS),
      ...Object.entries(INNER_KEYS).flatMap(([key, known]) => strangers(compose, ["services", name, key], known)),
    ]),
    ...rolesOf(compose).all.flatMap((service) => [
      ...wrongForms(service),
      ...wrongPorts(service),
      ...wrongOptions(service),
      ...wrongWords(service),
      ...wrongNumbers(service),
      ...wrongConditions(service),
    ]),
  ];
}

function keysAt(compose: ComposeProject, path: ComposePath): readonly string[] {
  const value = compose.valueAt(path);
  return isRecord(value) ? Object.keys(value) : [];
}

function strangers(compose: ComposeProject, path: ComposePath, known: readonly string[]): readonly Evidence[] {
  return keysAt(compose, path)
    .filter((key) => !known.includes(key) && !key.startsWith("x-"))
    .map((key) => {
      const meant = nearestName(key, known)?.name ?? "";
      return {
        what: `${[...path, key].join(".")} (did you mean ${meant}?)`,
        found: key,
        where: compose.whereIs([...path, key]),
      };
    });
}

function notTrue(compose: ComposeProject, path: ComposePath): readonly Evidence[] {
  const value = compose.valueAt(path);
  if (value === undefined || typeof value === "boolean" || value === "true" || value === "false") return [];
  return [{ what: `${path.join(".")} (give true or false)`, found: String(value), where: compose.whereIs(path) }];
}

function wrongForms(service: Service): readonly Evidence[] {
  return Object.entries(VALUE_FORMS).flatMap(([key, { form, says }]) => {
    const path = key.split(".");
    const value = service.text(...path);
    if (value === undefined || form.test(value)) return [];
    return [{ what: `${service.name}: ${key} (give ${says})`, found: value, where: service.where(...path) }];
  });
}

function wrongPorts({ name, ports }: Service): readonly Evidence[] {
  const isPort = (text: string): boolean =>
    text.split("-").every((one) => /^\d+$/.test(one) && Number(one) > 0 && Number(one) <= 65_535);
  return ports
    .filter(({ target, published }) => !isPort(target) || !(published === "" || isPort(published)))
    .map(({ written, where }) => ({ what: `${name}: ports (give 443:443)`, found: written, where }));
}

function wrongOptions({ name, mounts }: Service): readonly Evidence[] {
  const nameOf = (option: string): string => option.split("=")[0] ?? "";
  return mounts
    .filter(({ kind, options, target, written }) => {
      if (written.startsWith("{")) return !target.startsWith("/");
      const known = kind === "tmpfs" ? TMPFS_OPTIONS : MOUNT_OPTIONS;
      return !target.startsWith("/") || options.some((option) => !known.includes(nameOf(option)) || !isGiven(option));
    })
    .map(({ written, where }) => ({
      what: `${name}: volumes and tmpfs (give source:/target:ro)`,
      found: written,
      where,
    }));
}

/** Values of options of a tmpfs. */
function isGiven(option: string): boolean {
  const [name = "", value] = option.split("=");
  if (name === "size") return /^\d+[kmg%]?$/i.test(value ?? "");
  if (name === "mode") return /^[0-7]{3,4}$/.test(value ?? "");
  return name === "uid" || name === "gid" ? /^\d+$/.test(value ?? "") : value === undefined || name.length > 3;
}

function wrongWords(service: Service): readonly Evidence[] {
  const { name } = service;
  const capabilities = ["cap_add", "cap_drop"].flatMap((key) =>
    service.list(key).flatMap((word, index) => {
      const isKnown = CAPABILITIES.includes(word.toUpperCase().replace(/^CAP_/, ""));
      return isKnown
        ? []
        : [{ what: `${name}: ${key} (no such capability)`, found: word, where: service.where(key, index) }];
    }),
  );
  const options = service.list("security_opt").flatMap((word, index) =>
    SECURITY_OPTIONS.test(word)
      ? []
      : [
          {
            what: `${name}: security_opt (no such option)`,
            found: word,
            where: service.where("security_opt", index),
          },
        ],
  );
  return [...capabilities, ...options];
}

const CONDITIONS = /^service_(started|healthy|completed_successfully)$/;

/** In its long form a dependency has to say what is waited for. */
function wrongConditions(service: Service): readonly Evidence[] {
  return service.dependencies.flatMap(({ name, condition }) => {
    if (condition === undefined || CONDITIONS.test(condition)) return [];
    const what = `${service.name}: depends_on.${name} (give condition: service_healthy or service_started)`;
    return [{ what, found: condition || "(none)", where: service.where("depends_on", name, "condition") }];
  });
}

/** The kernel's own bound for one process (fs.nr_open), unless somebody has raised it. */
const MOST_FILES = 1_048_576;

function wrongNumbers(service: Service): readonly Evidence[] {
  const paths = ["ulimits.nofile", "ulimits.nofile.soft", "ulimits.nofile.hard"].map((path) => path.split("."));
  const limits = paths.flatMap((path) => {
    const value = service.text(...path);
    if (value === undefined || (/^(-1|\d+)$/.test(value) && Number(value) <= MOST_FILES)) return [];
    return [
      {
        what: `${service.name}: ${path.join(".")} (give a number, at most ${MOST_FILES})`,
        found: value,
        where: service.where(...path),
      },
    ];
  });
  const [soft, hard] = ["soft", "hard"].map((key) => Number(service.text("ulimits", "nofile", key) ?? 0));
  if (soft === undefined || hard === undefined || hard === -1 || soft <= hard) return limits;
  const found = `soft ${soft}, hard ${hard}`;
  return [
    ...limits,
    {
      what: `${service.name}: ulimits.nofile (soft is at most hard)`,
      found,
      where: service.where("ulimits", "nofile"),
    },
  ];
}
