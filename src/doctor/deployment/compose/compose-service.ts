/** A service of a compose file by what it means: short and long forms, maps and lists, are the same here. */
import { dirname, join } from "node:path";
import { isRecord } from "../../probe/json-values.ts";
import type { ComposePath, ComposeProject } from "../compose-project.ts";
import { readEnvFile } from "../env-file.ts";
import { commandWords, withoutShell } from "./command-words.ts";

/** A port that the machine listens on for a container. `hostIp` is empty for every address. */
export type PublishedPort = {
  readonly hostIp: string;
  readonly published: string;
  readonly target: string;
  readonly protocol: string;
  readonly written: string;
  readonly where: string;
};

export type Mount = {
  readonly kind: "volume" | "bind" | "tmpfs";
  /** Name of the volume, path on the machine; empty for a volume without a name and for tmpfs. */
  readonly source: string;
  readonly target: string;
  /** Options behind the target, or of the long form, as words. */
  readonly options: readonly string[];
  readonly isReadOnly: boolean;
  readonly written: string;
  readonly where: string;
};

export type Service = {
  readonly name: string;
  readonly image: string | undefined;
  /** Path of the Dockerfile that it is built by. */
  readonly dockerfile: string | undefined;
  /** Entry point and command as words, without a shell around them. */
  readonly words: readonly string[];
  readonly environment: ReadonlyMap<string, string>;
  readonly ports: readonly PublishedPort[];
  readonly mounts: readonly Mount[];
  /** Networks by name, with the fixed addresses that it has there. */
  readonly networks: ReadonlyMap<string, { readonly addresses: readonly string[] }>;
  readonly networkMode: string | undefined;
  /** Services that it waits for; `condition` is undefined in the short form. */
  readonly dependencies: readonly { readonly name: string; readonly condition: string | undefined }[];
  /** A value as text; undefined where it is not there or no text. */
  readonly text: (...path: ComposePath) => string | undefined;
  /** A value as a list of texts; a single text is a list of one. */
  readonly list: (...path: ComposePath) => readonly string[];
  readonly has: (...path: ComposePath) => boolean;
  readonly where: (...path: ComposePath) => string;
};

/** Reads a service. Throws InputUnreadable where a file of variables that it names is not there. */
export function readService(compose: ComposeProject, name: string): Service {
  const valueAt = (path: ComposePath): unknown => compose.valueAt(["services", name, ...path]);
  const text = (...path: ComposePath): string | undefined => asText(valueAt(path));
  const where = (...path: ComposePath): string => compose.whereIs(["services", name, ...path]);
  const words = [...(commandWords(valueAt(["entrypoint"])) ?? []), ...(commandWords(valueAt(["command"])) ?? [])];
  return {
    ...{ name, text, where },
    image: text("image"),
    dockerfile: dockerfileOf(compose, valueAt(["build"])),
    words: withoutShell(words),
    environment: environmentOf(compose, name),
    ports: asArray(valueAt(["ports"])).map((port, index) => readPort(port, where("ports", index))),
    mounts: [
      ...asArray(valueAt(["volumes"])).map((mount, index) => readMount(mount, where("volumes", index))),
      ...asArray(valueAt(["tmpfs"])).map((mount, index) => readTmpfs(String(mount), where("tmpfs", index))),
    ],
    networks: networksOf(valueAt(["networks"]), text("network_mode")),
    networkMode: text("network_mode"),
    dependencies: dependenciesOf(valueAt(["depends_on"])),
    list: (...path) => asArray(valueAt(path)).map((item) => asText(item) ?? JSON.stringify(item)),
    has: (...path) => valueAt(path) !== undefined,
  };
}

/**
 * The environment of a service as it reaches it: its files of variables, then its map or list. A name without a value is
 * taken over from where Compose runs; of that we see the file of variables.
 */
export function environmentOf(compose: ComposeProject, service: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const path of envFilesOf(compose, service)) {
    for (const [name, value] of readEnvFile(path).values) found.set(name, value);
  }
  const environment = compose.valueAt(["services", service, "environment"]);
  const set = (name: string, value: string | undefined): void => {
    const given = value ?? compose.env?.values.get(name);
    if (given !== undefined) found.set(name, given);
  };
  if (Array.isArray(environment)) {
    for (const line of environment) {
      const [, name = "", value] = /^([^=]*)(?:=([\s\S]*))?$/.exec(String(line)) ?? [];
      set(name, value);
    }
  } else if (isRecord(environment)) {
    for (const [name, value] of Object.entries(environment)) set(name, value === null ? undefined : String(value));
  }
  return found;
}

/** Names that a service takes over from where Compose runs: those without a value. */
export function namesTakenOver(compose: ComposeProject, service: string): readonly string[] {
  const environment = compose.valueAt(["services", service, "environment"]);
  if (isRecord(environment)) return Object.keys(environment).filter((name) => environment[name] === null);
  return asArray(environment)
    .map(String)
    .filter((line) => !line.includes("="));
}

/** Paths of the files of variables that a service names. */
export function envFilesOf(compose: ComposeProject, service: string): readonly string[] {
  return asArray(compose.valueAt(["services", service, "env_file"])).flatMap((item) => {
    const path = isRecord(item) ? asText(item["path"]) : asText(item);
    return path === undefined ? [] : [join(dirname(compose.path), path)];
  });
}

function networksOf(value: unknown, mode: string | undefined): Service["networks"] {
  if (mode !== undefined) return new Map();
  const entries: (readonly [string, unknown])[] = isRecord(value)
    ? Object.entries(value)
    : asArray(value).map((name) => [String(name), null] as const);
  // Compose joins what names no network to one that all of them share.
  const named = entries.length === 0 ? [["default", null] as const] : entries;
  return new Map(
    named.map(([name, options]) => {
      const fixed = isRecord(options) ? [options["ipv4_address"], options["ipv6_address"]] : [];
      return [name, { addresses: fixed.map(asText).filter((address) => address !== undefined) }];
    }),
  );
}

function dependenciesOf(value: unknown): Service["dependencies"] {
  if (!isRecord(value)) return asArray(value).map((name) => ({ name: String(name), condition: undefined }));
  return Object.entries(value).map(([name, options]) => {
    return { name, condition: isRecord(options) ? (asText(options["condition"]) ?? "") : "" };
  });
}

function dockerfileOf(compose: ComposeProject, build: unknown): string | undefined {
  const folder = dirname(compose.path);
  if (typeof build === "string") return join(folder, build, "Dockerfile");
  if (!isRecord(build)) return undefined;
  return join(folder, asText(build["context"]) ?? ".", asText(build["dockerfile"]) ?? "Dockerfile");
}

function readPort(port: unknown, where: string): PublishedPort {
  if (isRecord(port)) {
    const field = (name: string): string => asText(port[name]) ?? "";
    const long = { hostIp: field("host_ip"), published: field("published"), target: field("target") };
    return { ...long, protocol: field("protocol") || "tcp", written: JSON.stringify(port), where };
  }
  const written = String(port);
  const [, hostIp = "", published = "", target = "", protocol = "tcp"] =
    /^(?:(\[[^\]]*\]|[^:]*):)?(?:([\d-]*):)?([\d-]+)(?:\/(\w+))?$/.exec(written) ?? [];
  // `443:443` has no address: what stands before the last colon is a port then.
  const isPort = published === "" && /^[\d-]+$/.test(hostIp);
  return { hostIp: isPort ? "" : hostIp, published: isPort ? hostIp : published, target, protocol, written, where };
}

function readMount(mount: unknown, where: string): Mount {
  if (isRecord(mount)) {
    const type = asText(mount["type"]) ?? "volume";
    const options = Object.entries(mount).map(([name, value]) => `${name}=${asText(value) ?? JSON.stringify(value)}`);
    return {
      kind: type === "bind" || type === "tmpfs" ? type : "volume",
      ...{ source: asText(mount["source"]) ?? "", target: asText(mount["target"]) ?? "", options },
      isReadOnly: mount["read_only"] === true || asText(mount["read_only"]) === "true",
      ...{ written: JSON.stringify(mount), where },
    };
  }
  const written = String(mount);
  const [first = "", second, third = ""] = written.split(":");
  const [source, target] = second === undefined ? ["", first] : [first, second];
  const options = third.split(",").filter((word) => word !== "");
  const kind = /^[./~]/.test(source) ? "bind" : "volume";
  return { kind, source, target, options, isReadOnly: options.includes("ro"), written, where };
}

function readTmpfs(written: string, where: string): Mount {
  const [target = "", options = ""] = written.split(":");
  const words = options.split(",").filter((word) => word !== "");
  return { kind: "tmpfs", source: "", target, options: words, isReadOnly: words.includes("ro"), written, where };
}

/** Text of a scalar. */
export function asText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

/** A list; one value is a list of one, none an empty one. */
export function asArray(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return value === undefined || value === null ? [] : [value];
}
