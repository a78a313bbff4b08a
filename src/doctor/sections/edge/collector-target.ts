/** Whether events are passed to the collector: host, port and path of proxy_pass, against what the owner gave. */
import type { Evidence } from "../../check.ts";
import type { ComposeProject } from "../../deployment/compose-project.ts";
import type { Given } from "../../inputs.ts";
import { patternOf } from "../../nginx/locations.ts";
import { type Directive, whereOf } from "../../nginx/nginx-config.ts";
import type { Outcome } from "../../nginx/simulate.ts";
import { failing, found, type Seen, seen, unseen } from "./edge-check.ts";
import { type EdgeView, EVENT_PATH } from "./edge-view.ts";

const IMAGE = /(?:^|\/)passerby(?:[:@-]|$)/;

/** Judges where events go. */
export async function judgeTarget(view: EdgeView & { readonly event: Outcome }, given: Given): Promise<Seen> {
  const { event } = view;
  const pass = event.by;
  if (pass === undefined) return unseen("no proxy_pass");
  const sent = pathSent(event, pass);
  if (sent !== EVENT_PATH) {
    const evidence = { ...seen(pass), found: `${seen(pass).found} sends ${sent}` };
    return found([
      failing(evidence, `The collector takes events at ${EVENT_PATH}: give proxy_pass no path of its own.`),
    ]);
  }
  const targets = resolveTargets(view, event.text ?? "", pass);
  const allowed = await collectorAddresses(given);
  if (allowed === undefined) {
    return unseen(
      `events go to ${targets.map(({ found: to }) => to).join(", ")}; give --compose FILE or --env FILE to compare`,
    );
  }
  const wrong = targets.filter(({ found: to }) => !allowed.has(to));
  const text = `The collector listens at ${[...allowed].join(", ")}: name one of these.`;
  return found(
    wrong.map((evidence) => failing(evidence, text)),
    ...targets,
  );
}

/** The path that the collector sees: one in proxy_pass takes the place of the location's. */
function pathSent({ locations, text = "", variables }: Outcome, pass: Directive): string {
  const path = /^https?:\/\/[^/]+(\/.*)?$/.exec(text)?.[1];
  if (path === undefined || (pass.args[0] ?? "").includes("$")) return path ?? variables.path;
  const innermost = locations.at(-1);
  const prefix = innermost === undefined ? "" : patternOf(innermost).text;
  return path + variables.path.slice(prefix.length);
}

/** `host:port` of each server that may be asked. */
function resolveTargets({ model }: EdgeView, text: string, pass: Directive): readonly Evidence[] {
  const [, authority = text] = /^https?:\/\/([^/]+)/.exec(text) ?? [];
  const upstream = model.http.find(({ name, args }) => name === "upstream" && args[0] === authority);
  const ofScheme = text.startsWith("https:") ? 443 : 80;
  if (upstream === undefined)
    return [{ what: "proxy_pass", found: withPort(authority, ofScheme), where: whereOf(pass) }];
  const servers = (upstream.block ?? []).filter(({ name, args }) => name === "server" && !args.includes("down"));
  return servers.map((server) => ({
    what: `upstream ${authority}`,
    found: withPort(server.args[0] ?? "", 80),
    where: whereOf(server),
  }));
}

function withPort(address: string, port: number): string {
  return address.startsWith("unix:") || /:\d+$/.test(address) ? address : `${address}:${port}`;
}

/** Every `host:port` that is the collector; undefined where nobody says. */
async function collectorAddresses(given: Given): Promise<ReadonlySet<string> | undefined> {
  // Settings that do not parse are told by a check of their own; here they only say the port.
  const settings = await given.may("settings").catch(() => undefined);
  const compose = await given.may("compose");
  const service = compose && collectorService(compose);
  if (compose === undefined || service === undefined) {
    const port = settings?.settings.port;
    return port === undefined
      ? undefined
      : new Set(["127.0.0.1", "localhost", "[::1]"].map((host) => `${host}:${port}`));
  }
  const at = (...path: readonly (string | number)[]): unknown => compose.valueAt(["services", service, ...path]);
  const port = flagOf(at("command"), "--port") ?? String(settings?.settings.port ?? 8001);
  const networks = Object.values(asObject(at("networks"))).map(asObject);
  const names = [
    ...[service, at("container_name"), at("hostname")],
    ...networks.flatMap((network) => [network["ipv4_address"], ...asList(network["aliases"])]),
    ...networks.flatMap(({ ipv6_address: address }) => (typeof address === "string" ? [`[${address}]`] : [])),
  ].filter((name) => typeof name === "string");
  const published = asList(at("ports")).flatMap((entry) => publishedPort(entry, port));
  return new Set([...names.map((name) => `${name}:${port}`), ...published]);
}

/** The service that is called so, or runs our image with `start`. */
function collectorService(compose: ComposeProject): string | undefined {
  const isStarting = (name: string): boolean => {
    const command = compose.valueAt(["services", name, "command"]);
    const image = String(compose.valueAt(["services", name, "image"]));
    return (
      IMAGE.test(image) && /\bstart\b/.test(Array.isArray(command) ? command.join(" ") : String(command ?? "start"))
    );
  };
  return compose.services.find((name) => name === "collector") ?? compose.services.find(isStarting);
}

function flagOf(command: unknown, flag: string): string | undefined {
  const words = Array.isArray(command) ? command.map(String) : String(command ?? "").split(/\s+/);
  const index = words.indexOf(flag);
  return index === -1 ? optionIn(words, flag) : words[index + 1];
}

function optionIn(words: readonly string[], flag: string): string | undefined {
  return words.find((word) => word.startsWith(`${flag}=`))?.slice(flag.length + 1);
}

/** Ports on the machine itself that lead to the collector, for an nginx that runs there. */
function publishedPort(entry: unknown, port: string): readonly string[] {
  const record = asObject(entry);
  const [, host, outer, inner] = /^(?:(.*):)?(\d+):(\d+)(?:\/tcp)?$/.exec(String(entry)) ?? [];
  const from = typeof entry === "object" ? String(record["published"]) : outer;
  const to = typeof entry === "object" ? String(record["target"]) : inner;
  if (from === undefined || to !== port) return [];
  return [...new Set(["127.0.0.1", "localhost", host ?? "127.0.0.1"])].map((name) => `${name}:${from}`);
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
