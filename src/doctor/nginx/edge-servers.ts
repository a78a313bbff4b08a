/** The servers of a configuration: where they listen, what they are called, and which one takes a request. */
import type { Directive, NginxConfig } from "./nginx-config.ts";
import { toRegExp } from "./variables.ts";

export type Family = 4 | 6;

export type Listener = {
  readonly directive: Directive;
  readonly address: string;
  /** Families of addresses that it listens to. */
  readonly families: readonly Family[];
  readonly port: number;
  readonly isTls: boolean;
  readonly isDefault: boolean;
  readonly isHttp2: boolean;
};

export type Server = {
  readonly directive: Directive;
  readonly names: readonly string[];
  readonly listeners: readonly Listener[];
};

/** Blocks from the outermost to the innermost, each with what stands in it. */
export type Scope = { readonly opening: Directive | undefined; readonly directives: readonly Directive[] };

/** The http part of a configuration. */
export type EdgeModel = {
  readonly config: NginxConfig;
  /** The top of the file and its http block. */
  readonly outer: readonly Scope[];
  readonly http: readonly Directive[];
  readonly servers: readonly Server[];
  readonly maps: ReadonlyMap<string, Directive>;
};

/** Makes it. A configuration without an http block has no servers. */
export function makeModel(config: NginxConfig): EdgeModel {
  const opening = config.directives.find(({ name, block }) => name === "http" && block !== undefined);
  const http = opening?.block ?? [];
  const maps = http.filter(({ name, block }) => name === "map" && block !== undefined);
  return {
    config,
    outer: [
      { opening: undefined, directives: config.directives },
      { opening, directives: http },
    ],
    http,
    servers: http.filter(({ name, block }) => name === "server" && block !== undefined).map(readServer),
    maps: new Map(maps.map((map) => [(map.args[1] ?? "").replace(/^\$/, ""), map])),
  };
}

/** Directives of a name that hold in the innermost of the scopes: those of the nearest one that has any. */
export function inForce(scopes: readonly Scope[], name: string): readonly Directive[] {
  for (const { directives } of scopes.toReversed()) {
    const found = directives.filter((directive) => directive.name === name);
    if (found.length > 0) return found;
  }
  return [];
}

/** The arguments of the one directive of a name that holds. */
export function argsInForce(scopes: readonly Scope[], name: string): readonly string[] | undefined {
  return inForce(scopes, name).at(-1)?.args;
}

/** Every directive below some, blocks and all. */
export function* walk(directives: readonly Directive[]): Generator<Directive> {
  for (const directive of directives) {
    yield directive;
    yield* walk(directive.block ?? []);
  }
}

function readServer(directive: Directive): Server {
  const block = directive.block ?? [];
  const listens = block.filter(({ name }) => name === "listen");
  const isOn = (name: string): boolean => block.some((one) => one.name === name && one.args[0] === "on");
  const listeners = (listens.length > 0 ? listens : [{ ...directive, name: "listen", args: ["80"] }]).map((listen) =>
    readListener(listen, isOn("ssl"), isOn("http2")),
  );
  const names = block.filter(({ name }) => name === "server_name").flatMap(({ args }) => args);
  return { directive, names: names.length > 0 ? names : [""], listeners };
}

function readListener(directive: Directive, isTlsByOldWay: boolean, isHttp2: boolean): Listener {
  const [where = "80", ...options] = directive.args;
  const [, address = "*", port = "80"] =
    /^(\[[^\]]*\]|[^:[\]]*[^:\d[\]][^:[\]]*|\d+(?:\.\d+){3})?:?(\d+)?$/.exec(where) ?? [];
  return {
    directive,
    address,
    families: familiesOf(address, options),
    port: where.startsWith("unix:") ? 0 : Number(port),
    isTls: isTlsByOldWay || options.includes("ssl") || options.includes("quic"),
    isDefault: options.includes("default_server") || options.includes("default"),
    isHttp2: isHttp2 || options.includes("http2"),
  };
}

/** IPv6 alone unless ipv6only=off (since 1.3.4). */
function familiesOf(address: string, options: readonly string[]): readonly Family[] {
  if (!address.startsWith("[")) return [4];
  return options.includes("ipv6only=off") ? [4, 6] : [6];
}

/** Where a server is asked. */
export type Place = { readonly port: number; readonly family?: Family | undefined };

function isAt({ port, family = 4 }: Place): (listener: Listener) => boolean {
  return (listener) => listener.port === port && listener.families.includes(family);
}

/** The server that takes a request for a name at a port, by nginx's order; undefined where nobody listens. */
export function serverFor({ servers }: EdgeModel, host: string, place: Place): Server | undefined {
  const here = servers.filter(({ listeners }) => listeners.some(isAt(place)));
  return namedServer(here, host) ?? defaultServer(here, place);
}

/** The one that takes what has no other's name. */
export function defaultServer(servers: readonly Server[], place: Place): Server | undefined {
  const here = servers.filter(({ listeners }) => listeners.some(isAt(place)));
  return here.find(({ listeners }) => listeners.some((one) => isAt(place)(one) && one.isDefault)) ?? here[0];
}

/** Every port with each family that somebody listens to, and whether TLS is spoken there. */
export function placesOf({
  servers,
}: EdgeModel): readonly (Required<Place> & { readonly family: Family; readonly isTls: boolean })[] {
  const all = servers
    .flatMap(({ listeners }) => listeners)
    .flatMap(({ port, families, isTls }) => families.map((family) => ({ port, family, isTls })));
  return [...new Map(all.map((one) => [`${one.port} ${one.family}`, one])).values()];
}

/** Exact names, then `*.a` from the longest, then `a.*`, then expressions in order. */
function namedServer(servers: readonly Server[], host: string): Server | undefined {
  const all = servers.flatMap((server) =>
    server.names.map((name) => ({ server, name: name.toLowerCase(), raw: name })),
  );
  const longestFirst = all.toSorted((a, b) => b.name.length - a.name.length);
  const found =
    all.find(({ name }) => name === host || (name.startsWith(".") && name.slice(1) === host)) ??
    longestFirst.find(({ name }) => /^\*?\./.test(name) && host.endsWith(name.replace(/^\*/, ""))) ??
    longestFirst.find(({ name }) => name.endsWith(".*") && host.startsWith(name.slice(0, -1))) ??
    all.find(({ raw }) => raw.startsWith("~") && toRegExp(raw.slice(1), true)?.test(host));
  return found?.server;
}

/** A name of a server that a browser can ask for. */
export function hostOf({ names }: Server): string | undefined {
  return names.find((name) => /^[\w-]+(\.[\w-]+)+$/.test(name) || name === "localhost");
}
