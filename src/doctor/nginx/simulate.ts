/**
 * What nginx would do with a request, read from its configuration: server, rewrite phase, location, access, content. It
 * knows what edges are made of (return, if, set, rewrite, deny, proxy_pass, files); modules beyond that are not followed.
 */
import { type EdgeModel, inForce, type Scope, type Server, serverFor } from "./edge-servers.ts";
import { findLocations, findNamed } from "./locations.ts";
import type { Directive } from "./nginx-config.ts";
import { type Asked, capture, evaluate, toRegExp, type Variables } from "./variables.ts";

export type Outcome = {
  /** `nobody`: no server listens there; `files`: what lies on disk, or nothing that a check could judge. */
  readonly kind: "proxy" | "return" | "files" | "handshake refused" | "nobody";
  /** Status of a return. */
  readonly status?: number;
  /** Where proxy_pass or a redirect leads, or the body that is returned; variables put in. */
  readonly text?: string;
  /** The directive that decides. */
  readonly by: Directive | undefined;
  readonly server: Server | undefined;
  /** Locations, from the outermost to the innermost. */
  readonly locations: readonly Directive[];
  readonly scopes: readonly Scope[];
  readonly variables: Variables;
};

const MAX_ROUNDS = 10;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/** Follows a request. */
export function simulate(model: EdgeModel, asked: Asked): Outcome {
  const variables: Variables = { asked, path: asked.path, values: new Map(), maps: model.maps };
  const server = serverFor(model, asked.host, asked);
  const greeting = serverFor(model, asked.sni ?? asked.host, asked);
  const nobody = { by: undefined, server, locations: [], scopes: model.outer, variables };
  const isTls = server?.listeners.some((one) => one.port === asked.port && one.isTls) ?? false;
  if (server === undefined || isTls !== asked.isTls) return { kind: "nobody", ...nobody };
  variables.values.set("server_name", server.names[0] ?? "");
  const block = server.directive.block ?? [];
  const scopes = [...model.outer, scopeOf(server.directive)];
  const [reject] = greeting ? inForce([...model.outer, scopeOf(greeting.directive)], "ssl_reject_handshake") : [];
  if (asked.isTls && reject?.args[0] === "on") return { kind: "handshake refused", ...nobody, by: reject, scopes };
  const base = { server, locations: [], variables };
  const early = rewrite({ opening: server.directive, directives: block }, scopes, base);
  if (early.outcome) return early.outcome;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const locations = findLocations(block, variables);
    const ended = runLocations(scopes, { ...base, locations });
    if (ended) return ended;
  }
  return { kind: "files", by: undefined, ...base, scopes };
}

/** Runs a named location, as error_page does. */
export function simulateNamed(model: EdgeModel, from: Outcome, name: string): Outcome | undefined {
  const { server, variables } = from;
  const location = server && findNamed(server.directive.block ?? [], name);
  if (server === undefined || location === undefined) return undefined;
  const base = { server, variables, locations: [location] };
  return runLocations([...model.outer, scopeOf(server.directive)], base);
}

type Base = Pick<Outcome, "server" | "locations" | "variables">;

function scopeOf(opening: Directive): Scope {
  return { opening, directives: opening.block ?? [] };
}

/** Undefined where the path was rewritten and the search begins anew. */
function runLocations(outer: readonly Scope[], base: Base): Outcome | undefined {
  const locations = [...outer, ...base.locations.map(scopeOf)];
  const innermost = base.locations.at(-1);
  if (innermost === undefined) return { kind: "files", by: undefined, ...base, scopes: locations };
  // Other methods get what stands in limit_except in place of the location; its return is not theirs.
  const except = exceptFor(innermost, base.variables);
  const scopes = except === undefined ? locations : [...locations, scopeOf(except)];
  const rewritten = rewrite(scopeOf(except ?? innermost), scopes, base);
  if (rewritten.outcome) return rewritten.outcome;
  if (rewritten.isAnew) return undefined;
  const denied = denies(rewritten.scopes);
  if (denied) return { kind: "return", status: denied.status, by: denied.by, ...base, scopes: rewritten.scopes };
  // proxy_pass is no directive that a location inherits; an `if` and a limit_except in it do.
  const content = [...rewritten.scopes.slice(locations.length - 1)].reverse().flatMap(({ directives }) => directives);
  const pass = content.find(({ name }) => name === "proxy_pass");
  if (pass === undefined) return { kind: "files", by: undefined, ...base, scopes: rewritten.scopes };
  const text = evaluate(pass.args[0] ?? "", base.variables);
  return { kind: "proxy", text, by: pass, ...base, scopes: rewritten.scopes };
}

function exceptFor({ block = [] }: Directive, { asked: { method } }: Variables): Directive | undefined {
  const limits = block.find(({ name }) => name === "limit_except");
  return limits?.args.includes(method === "HEAD" ? "GET" : method) ? undefined : limits;
}

function denies(scopes: readonly Scope[]): { readonly status: number; readonly by: Directive } | undefined {
  // allow and deny are one list; no rule but `all` is taken to mean a visitor.
  const rules = scopes.map(({ directives }) => directives.filter(({ name }) => name === "allow" || name === "deny"));
  const first = rules.findLast((list) => list.length > 0)?.find(({ args }) => args[0] === "all");
  if (first?.name === "deny") return { status: 403, by: first };
  const [basic] = inForce(scopes, "auth_basic");
  return basic === undefined || basic.args[0] === "off" ? undefined : { status: 401, by: basic };
}

type Rewritten = { readonly outcome?: Outcome; readonly isAnew?: boolean; readonly scopes: readonly Scope[] };

/** The directives of ngx_http_rewrite_module, in their order. */
function rewrite(scope: Scope, scopes: readonly Scope[], base: Base): Rewritten {
  const { variables } = base;
  let inner = scopes;
  for (const directive of scope.directives) {
    const { name, args } = directive;
    if (name === "return") return { outcome: returned(directive, inner, base), scopes: inner };
    if (name === "break") return { scopes: inner };
    if (name === "set") variables.values.set((args[0] ?? "").slice(1), evaluate(args[1] ?? "", variables));
    if (name === "if" && isTrue(args, variables)) {
      const within = rewrite(scopeOf(directive), [...inner, scopeOf(directive)], base);
      if (within.outcome || within.isAnew) return within;
      inner = within.scopes;
    }
    if (name !== "rewrite" || !capture(`~${args[0] ?? ""}`, variables.path, variables)) continue;
    const to = evaluate(args[1] ?? "", variables);
    const flag = args[2];
    if (flag === "redirect" || flag === "permanent" || /^(?:https?:\/\/|\$scheme)/.test(args[1] ?? "")) {
      const status = flag === "permanent" ? 301 : 302;
      return { outcome: { kind: "return", status, text: to, by: directive, ...base, scopes: inner }, scopes: inner };
    }
    variables.path = to.split("?")[0] ?? "";
    if (flag === "last") return { isAnew: true, scopes: inner };
    if (flag === "break") return { scopes: inner };
  }
  return { scopes: inner };
}

function returned(directive: Directive, scopes: readonly Scope[], base: Base): Outcome {
  const [first = "", second] = directive.args;
  const isUrl = second === undefined && !/^\d+$/.test(first);
  const status = isUrl ? 302 : Number(first);
  const text = evaluate((isUrl ? first : second) ?? "", base.variables);
  return { kind: "return", status, text, by: directive, ...base, scopes };
}

/** Says whether a return sends the client elsewhere. */
export function isRedirect({ kind, status, text }: Outcome): boolean {
  return kind === "return" && REDIRECTS.includes(status ?? 0) && (text ?? "") !== "";
}

/** The condition of an `if`; one about files on disk counts as not met. */
function isTrue(args: readonly string[], variables: Variables): boolean {
  const words = args
    .join(" ")
    .replace(/^\(\s*/, "")
    .replace(/\s*\)$/, "");
  const [, left = "", operator, right = ""] = /^(\$\{?\w+\}?)\s*(?:(=|!=|~\*|~|!~\*|!~)\s*(.*))?$/s.exec(words) ?? [];
  const value = evaluate(left, variables);
  if (operator === undefined) return left !== "" && value !== "" && value !== "0";
  if (operator === "=") return value === evaluate(right, variables);
  if (operator === "!=") return value !== evaluate(right, variables);
  const isAnyCase = operator.endsWith("*");
  if (operator.startsWith("!")) return !(toRegExp(right, isAnyCase)?.test(value) ?? false);
  return capture(isAnyCase ? `~*${right}` : `~${right}`, value, variables);
}
