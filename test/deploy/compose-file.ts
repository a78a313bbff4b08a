/** The compose file as Compose reads it: parsed, with the variables of `.env.example` put in. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseEnv } from "node:util";
import { parse } from "yaml";

/** The folder of what a deployment is made of. */
export const DEPLOY: string = fileURLToPath(new URL("../../deploy/", import.meta.url));
export const COMPOSE_PATH: string = `${DEPLOY}docker-compose.full.yml`;
/** Beside the other: a certificate of Let's Encrypt. */
export const COMPOSE_TLS_PATH: string = `${DEPLOY}docker-compose.tls.yml`;
export const ENV_EXAMPLE_PATH: string = `${DEPLOY}.env.example`;

/** What tests look at of a service. */
export type Service = {
  readonly image: string;
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly init?: boolean;
  readonly privileged?: boolean;
  readonly restart?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly mem_limit?: string;
  readonly cpus?: string;
  readonly pids_limit?: number;
  readonly network_mode?: string;
  readonly networks?: Readonly<Record<string, { readonly ipv4_address?: string }>>;
};

export type ComposeFile = {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly ipam?: { readonly config: readonly { subnet: string }[] } }>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
};

/** A variable as Compose writes it: `${NAME:-default}` or `${NAME:?message}`. */
const VARIABLE = /\$\{(\w+)(?::-([^}]*)|:\?[^}]*)\}/g;

/** Reads the text of the compose file, or of the one beside it. */
export function readComposeText(path: string = COMPOSE_PATH): string {
  return readFileSync(path, "utf8");
}

/** Reads `.env.example`. */
export function readEnvExample(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(parseEnv(readFileSync(ENV_EXAMPLE_PATH, "utf8"))).map(([name, value]) => [name, value ?? ""]),
  );
}

/** Lists the variables that the compose files name, each with its default; undefined where it must be given. */
export function listVariables(): ReadonlyMap<string, string | undefined> {
  const text = [COMPOSE_PATH, COMPOSE_TLS_PATH].map((path) => readComposeText(path)).join("\n");
  return new Map([...text.matchAll(VARIABLE)].map(([, name = "", fallback]) => [name, fallback]));
}

/** Reads the compose file, or the one beside it, with these variables, as data. */
export function parseCompose(
  env: Readonly<Record<string, string>> = readEnvExample(),
  path: string = COMPOSE_PATH,
): ComposeFile {
  // Put into the values and not into the text, where a value could become syntax.
  return parse(
    readComposeText(path),
    (_key, value: unknown) =>
      typeof value === "string"
        ? value.replace(VARIABLE, (_all, name: string, fallback = "") => env[name] || fallback)
        : value,
    { merge: true },
  );
}

/** Returns a service of the compose file. */
export function serviceOf(compose: ComposeFile, name: string): Service {
  const service = compose.services[name];
  if (service === undefined) throw new Error(`the compose file has no service ${name}`);
  return service;
}
