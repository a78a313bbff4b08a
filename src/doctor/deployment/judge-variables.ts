/** What the checks of a file of variables find out: whether each one does something, and whether it may lie there so. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { SETTING_KEYS, SETTINGS } from "../../config.ts";
import { nearestName } from "../../nearest-name.ts";
import { type Evidence, type Finding, fail, pass, warn } from "../check.ts";
import type { Given } from "../inputs.ts";
import { envFilesOf, namesTakenOver, type Service } from "./compose/compose-service.ts";
import { ownServices, rolesOf } from "./compose/service-roles.ts";
import type { ComposeProject } from "./compose-project.ts";
import type { EnvFile } from "./env-file.ts";

export const SETTING_NAMES: readonly string[] = SETTING_KEYS.map((key) => SETTINGS[key].variable);
/** What the edge's entry point reads (deploy/edge/docker-entrypoint.d). */
const EDGE_NAMES: readonly string[] = [
  ...["EDGE_DOMAIN", "EDGE_COLLECTOR", "EDGE_HTTP_PORT", "EDGE_HTTPS_PORT", "EDGE_PUBLIC_PORT", "EDGE_CERTIFICATE"],
  ...["EDGE_CERTIFICATE_KEY", "EDGE_ACME_DIR", "EDGE_CACHE_DIR", "ALLOWED_ORIGINS"],
];
/** Of Compose, Docker, Vite, Node and the system; whoever reads them, they are no misspelt settings of ours. */
const OTHERS = /^(COMPOSE_|DOCKER_|BUILDKIT_|VITE_|NODE_|NPM_|npm_|NGINX_|TZ$|LANG$|LC_|PATH$|HOME$|USER$|NO_COLOR$)/;
/** So few letters apart is a slip and no other name. */
const SLIP = 3;

/** Is each variable of the file taken by something? */
export async function judgeUsed(given: Given): Promise<Finding> {
  const [env, compose] = [await given.need("env"), await given.may("compose")];
  const known = compose === undefined ? SETTING_NAMES : namesTakenBy(compose);
  const isHandedOn = compose?.services.some((name) => envFilesOf(compose, name).includes(env.path)) ?? false;
  const isUsed = (name: string): boolean =>
    known.includes(name) || OTHERS.test(name) || (isHandedOn && SETTING_NAMES.includes(name));
  const unused = [...env.values.keys()].filter((name) => !isUsed(name));
  if (unused.length === 0) return pass({ what: "variables", found: `${env.values.size}, all used`, where: env.path });
  const evidence = unused.map((name) => evidenceOf(name, [...known, ...SETTING_NAMES], env));
  const isLost = unused.some((name) => isOurs(name) || (nearestName(name, known)?.distance ?? SLIP + 1) <= SLIP);
  const text = compose === undefined ? "Nothing reads it" : `Nothing in ${compose.path} reads it`;
  return (isLost ? fail : warn)(evidence, {
    text: `${text}, so it changes nothing. Correct its name, hand it on in the environment of the service, or take it out.`,
  });
}

function namesTakenBy(compose: ComposeProject): readonly string[] {
  const takenOver = compose.services.flatMap((service) => namesTakenOver(compose, service));
  return [...compose.variables, ...takenOver, ...variablesBeside(compose)];
}

/** Variables of other compose files in the folder, which are laid over this one when they are needed. */
function variablesBeside({ path, paths }: ComposeProject): readonly string[] {
  const folder = dirname(path);
  const others = readdirSync(folder).filter((name) => /^(docker-)?compose[\w.-]*\.ya?ml$/.test(name));
  return others
    .map((name) => join(folder, name))
    .filter((other) => !paths.includes(other))
    .flatMap((other) => [...readFileSync(other, "utf8").matchAll(/\$\{?(\w+)/g)].map(([, name = ""]) => name));
}

function isOurs(name: string): boolean {
  return SETTING_NAMES.includes(name) || /^(METRICS_|EDGE_)/.test(name);
}

function evidenceOf(name: string, known: readonly string[], env: EnvFile): Evidence {
  const meant = nearestName(name, known);
  const hint =
    meant === undefined || meant.distance === 0 || meant.distance > SLIP
      ? "is used by nothing"
      : `did you mean ${meant.name}?`;
  return { what: `${name} (${hint})`, found: masked(name, env.values.get(name) ?? ""), where: env.whereIs(name) };
}

/** Does each service know the variables that it is handed? */
export function judgeEnvironmentNames(compose: ComposeProject): Finding {
  const roles = rolesOf(compose);
  const wrong = ownServices(roles).flatMap((service) => {
    const known = service === roles.edge ? EDGE_NAMES : SETTING_NAMES;
    const isOwnEdge = [...service.environment.keys()].some((name) => name.startsWith("EDGE_"));
    if (service === roles.edge && !isOwnEdge) return [];
    return [...service.environment.keys()]
      .filter((name) => isStranger(name, known))
      .map((name) => stranger(service, name, known));
  });
  if (wrong.length > 0) {
    return fail(wrong, {
      text: "The service does not know a variable of that name, and goes by its default. Correct the name.",
    });
  }
  return pass({ what: "environment", found: "known to the services", where: compose.path });
}

function isStranger(name: string, known: readonly string[]): boolean {
  if (known.includes(name) || OTHERS.test(name)) return false;
  return isOurs(name) || (nearestName(name, known)?.distance ?? SLIP + 1) <= SLIP;
}

function stranger(service: Service, name: string, known: readonly string[]): Evidence {
  return {
    what: `environment of ${service.name} (did you mean ${nearestName(name, known)?.name ?? ""}?)`,
    found: name,
    where: service.where("environment", name),
  };
}

/** May others on the machine read the file? */
export async function judgeMode(given: Given): Promise<Finding> {
  const { path, mode } = await given.need("env");
  const evidence = { what: "mode", found: mode.toString(8).padStart(4, "0"), where: path };
  if ((mode & 0o077) === 0) return pass(evidence);
  return warn([evidence], { text: "Others on the machine can read it: chmod 0600.", commands: [`chmod 0600 ${path}`] });
}

const PLACEHOLDER =
  /^(changeme|change[-_ ]me.*|todo|fixme|xxx+|placeholder|replace[-_ ]?me.*|your[-_].*|<.*>|\.\.\.|…)$/i;
const PLACEHOLDER_HOST =
  /\b(your-?(site|domain|host|company)|my-?(site|domain)|changeme|domain)\.(com|org|net|example|tld)\b|<[^>]+>/i;

/** Were examples replaced by the owner's values? */
export async function judgePlaceholders(given: Given): Promise<Finding> {
  const env = await given.need("env");
  const left = [...env.values].filter(([, value]) => PLACEHOLDER.test(value) || PLACEHOLDER_HOST.test(value));
  if (left.length === 0) return pass({ what: "variables", found: "no placeholder", where: env.path });
  return fail(
    left.map(([name, value]) => ({ what: name, found: value, where: env.whereIs(name) })),
    { text: "It is an example that was left in place: give your own value." },
  );
}

const SECRET_NAME = /(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|CREDENTIALS)/i;

/** Says whether a variable holds a secret itself, and not a path to one. */
export function isSecret(name: string, value: string): boolean {
  if (value.includes("-----BEGIN")) return true;
  return SECRET_NAME.test(name) && value !== "" && !/^[./~]/.test(value) && !name.endsWith("_FILE");
}

/** The value as it may be shown. */
export function masked(name: string, value: string): string {
  return isSecret(name, value) ? "(secret)" : value === "" ? "(empty)" : value;
}

/** Are secrets given as files? */
export async function judgeSecrets(given: Given): Promise<Finding> {
  const compose = await given.need("compose");
  const env = compose.env;
  const inFile = [...(env?.values ?? [])]
    .filter(([name, value]) => isSecret(name, value))
    .map(([name]) => ({ what: name, found: "(secret)", where: env?.whereIs(name) ?? "" }));
  const shown = rolesOf(compose).all.flatMap((service) =>
    [...service.environment]
      .filter(([name, value]) => isSecret(name, value) && !inFile.some((one) => one.what === name))
      .map(([name]) => ({
        what: `${name} of ${service.name}`,
        found: "(secret)",
        where: service.where("environment", name),
      })),
  );
  const found = [...inFile, ...shown];
  if (found.length === 0) return pass({ what: "environment", found: "no secret", where: compose.path });
  return warn(found, {
    text: `docker inspect and /proc show variables to others. Put it into a file below ${dirname(compose.path)}/secrets and hand it on under secrets:.`,
  });
}
