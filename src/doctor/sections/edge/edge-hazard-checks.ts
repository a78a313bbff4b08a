/** Mistakes of configurations of nginx that open holes: paths that lead out, headers that clients write, versions told. */
import type { Check } from "../../check.ts";
import { inForce, walk } from "../../nginx/edge-servers.ts";
import { locationsIn, patternOf } from "../../nginx/locations.ts";
import type { Directive } from "../../nginx/nginx-config.ts";
import { namesIn } from "../../nginx/variables.ts";
import { absent, doubtful, edgeCheck, failing, found, good, type Problem, seen } from "./edge-check.ts";
import { isOurs } from "./edge-view.ts";
import { editLine } from "./line-edit.ts";

/** Locations with an alias that a path such as `/files../` leads out of. */
function findOpenAliases(all: readonly Directive[]): readonly Directive[] {
  return all
    .filter(({ name, block }) => name === "location" && block !== undefined)
    .flatMap((location) => {
      const { kind, text } = patternOf(location);
      const isOpen = (kind === "" || kind === "^~") && !text.endsWith("/");
      const alias = location.block?.find(({ name }) => name === "alias");
      return isOpen && alias?.args[0]?.endsWith("/") ? [alias] : [];
    });
}

/** What a decoded path is written into, where a line break in it would become one of the message. */
const WRITERS: ReadonlySet<string> = new Set(["return", "rewrite", "add_header", "proxy_set_header", "proxy_pass"]);
const DECODED: ReadonlySet<string> = new Set(["uri", "document_uri"]);

function writesPath({ name, args }: Directive): boolean {
  if (!WRITERS.has(name)) return false;
  // A path that is rewritten stays inside.
  if (
    name === "rewrite" &&
    !/^(?:https?:|\$scheme)/.test(args[1] ?? "") &&
    !/^(?:redirect|permanent)$/.test(args[2] ?? "")
  )
    return false;
  if (name === "return" && args.length > 1 && !/^30\d$/.test(args[0] ?? "")) return false;
  return args.flatMap(namesIn).some((variable) => DECODED.has(variable));
}

/** A name or address that a client chooses decides whom nginx asks. */
const CHOSEN = /^(?:host|http_|arg_|args$|cookie_|request_uri$|uri$)/;

function isChosenTarget({ name, args }: Directive): boolean {
  const [, authority = ""] = /^[a-z]+:\/\/([^/]*)/.exec(args[0] ?? "") ?? [];
  return (
    name === "proxy_pass" &&
    namesIn(authority === "" ? (args[0] ?? "") : authority).some((variable) => CHOSEN.test(variable))
  );
}

function overAll(isWrong: (directive: Directive) => boolean, text: string) {
  return ({ config }: { readonly config: { readonly directives: readonly Directive[]; readonly path: string } }) => {
    const all = [...walk(config.directives)];
    const wrong = all.filter(isWrong).map((one) => failing(seen(one), text));
    return found(wrong, { what: "directives", found: `${all.length} looked at`, where: config.path });
  };
}

export const EDGE_HAZARD_CHECKS: readonly Check[] = [
  edgeCheck({
    id: "edge.alias-stays-inside",
    line: "3.2",
    severity: "critical",
    asks: "No path leads out of a folder that is served by alias",
    how: "Looks for locations without a closing slash whose alias has one: /files../ leads to the folder above.",
    remedy: "End both with a slash, or neither.",
    look: ({ config }) => {
      const open = findOpenAliases([...walk(config.directives)]);
      const text =
        "A path with .. right behind the location's leads out of the folder: end the location with a slash, too.";
      return found(
        open.map((one) => failing(seen(one), text)),
        { what: "alias", found: "none leads out", where: config.path },
      );
    },
  }),
  edgeCheck({
    id: "edge.headers-not-injectable",
    line: "3.2",
    severity: "high",
    asks: "No decoded path is written into a header or a request",
    how: "Looks for $uri and $document_uri in return, rewrite, add_header, proxy_set_header and proxy_pass: %0d%0a in a path becomes a line break there.",
    remedy: "Use $request_uri, which is not decoded.",
    look: overAll(writesPath, "A client writes headers of its own by %0d%0a in the path: use $request_uri."),
  }),
  edgeCheck({
    id: "edge.target-not-chosen",
    line: "3.2",
    severity: "critical",
    asks: "No client chooses whom nginx asks",
    how: "Looks for variables of the request in the host of proxy_pass.",
    remedy: "Name the host in proxy_pass, or choose it by a map with fixed values.",
    look: overAll(isChosenTarget, "A client lets nginx ask any host, inside your network, too: name the host."),
  }),
  edgeCheck({
    id: "edge.slashes-merged",
    line: "3.2",
    severity: "medium",
    asks: "Doubled slashes are taken for one",
    how: "Reads merge_slashes; where it is off, //api/metrics/event comes past the location with the limits.",
    remedy: "Take `merge_slashes off;` out.",
    look: ({ config }) => {
      const off = [...walk(config.directives)].filter(
        ({ name, args }) => name === "merge_slashes" && args[0] === "off",
      );
      return found(
        off.map((one) =>
          doubtful(seen(one), "//api/metrics/event comes past its location and the limit: take it out."),
        ),
        { what: "merge_slashes", found: "on", where: config.path },
      );
    },
  }),
  edgeCheck({
    id: "edge.version-hidden",
    line: "3.2",
    severity: "low",
    asks: "nginx does not tell its version",
    how: "Reads the server_tokens that is in force in each server; nginx's own value is on.",
    remedy: "Add `server_tokens off;` to the http block.",
    after: ["edge.values-parse", "edge.servers-found"],
    look: (view) => {
      const { model } = view;
      const text = "Answers name the version, which tells attackers what to try: `server_tokens off;`.";
      const problems = model.servers
        .filter((server) => isOurs(server, view))
        .flatMap(({ directive }): readonly Problem[] => {
          const scopes = [...model.outer, { opening: directive, directives: directive.block ?? [] }];
          const [tokens] = inForce(scopes, "server_tokens");
          if (tokens === undefined) return [doubtful(absent("server_tokens (nginx's own: on)", model.outer), text)];
          const loud = [
            tokens,
            ...locationsIn(directive.block ?? []).flatMap(
              ({ block }) => block?.filter(({ name }) => name === "server_tokens") ?? [],
            ),
          ].filter(({ args }) => args[0] !== "off");
          return loud.map((one) => doubtful(seen(one), text, editLine(one, one.args[0] ?? "", "off")));
        });
      const [shown] = inForce(model.outer, "server_tokens");
      const unique = new Map(problems.map((one) => [one.evidence.where, one]));
      return unique.size > 0 ? found([...unique.values()]) : good(...(shown ? [seen(shown)] : []));
    },
  }),
];
