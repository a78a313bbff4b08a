/** What a client gets when nginx itself refuses: the page that error_page names, with its status, type and headers. */
import { type EdgeModel, inForce, type Scope } from "./edge-servers.ts";
import type { Directive } from "./nginx-config.ts";
import { type Outcome, simulate, simulateNamed } from "./simulate.ts";
import { evaluate, type Variables } from "./variables.ts";

export type Header = { readonly name: string; readonly value: string; readonly directive: Directive };

export type ErrorAnswer = {
  readonly status: number;
  /** The error_page that applies; undefined where nginx answers with its own page. */
  readonly page: Directive | undefined;
  /** The body, where the configuration has it. */
  readonly body: string | undefined;
  /** The page has no body, from nowhere. */
  readonly isEmpty: boolean;
  readonly type: string;
  readonly scopes: readonly Scope[];
  readonly headers: readonly Header[];
};

/** What gives a location a body besides return and proxy_pass. */
const CONTENT: readonly string[] = ["root", "alias", "try_files", "fastcgi_pass", "uwsgi_pass", "empty_gif"];

/** The answer when a request that would have had this outcome is refused with a status. */
export function answerError(model: EdgeModel, outcome: Outcome, status: number): ErrorAnswer {
  const refused: Outcome = {
    ...outcome,
    variables: { ...outcome.variables, asked: { ...outcome.variables.asked, status, upstreamHeaders: {} } },
  };
  const page = inForce(outcome.scopes, "error_page").find(({ args }) => args.includes(String(status)));
  const target = page?.args.at(-1) ?? "";
  const shown = page && followPage(model, refused, target);
  const scopes = shown?.scopes ?? outcome.scopes;
  const change = page?.args.find((arg) => arg.startsWith("="));
  const final = change === undefined ? status : Number(change.slice(1)) || (shown?.status ?? 200);
  const variables = { ...refused.variables, asked: { ...refused.variables.asked, status: final } };
  return {
    status: final,
    page,
    isEmpty: shown?.kind === "files" && !CONTENT.some((name) => inForce(shown.scopes.slice(1), name).length > 0),
    body: shown?.kind === "return" ? shown.text : undefined,
    type: typeOf(scopes, shown?.variables.path ?? target),
    scopes,
    headers: headersIn(scopes, variables, final),
  };
}

function followPage(model: EdgeModel, refused: Outcome, target: string): Outcome | undefined {
  if (target.startsWith("@")) return simulateNamed(model, refused, target);
  if (!target.startsWith("/")) return undefined;
  return simulate(model, { ...refused.variables.asked, path: target, method: "GET" });
}

function typeOf(scopes: readonly Scope[], path: string): string {
  if (path.endsWith(".json")) return "application/json";
  return inForce(scopes, "default_type").at(-1)?.args[0] ?? "text/plain";
}

/** Statuses that add_header goes with without `always`. */
const PLAIN_STATUSES: readonly number[] = [200, 201, 204, 206, 301, 302, 303, 304, 307, 308];

/** Headers that nginx adds in these scopes; one of an empty value is not sent. */
export function headersIn(scopes: readonly Scope[], variables: Variables, status: number): readonly Header[] {
  return inForce(scopes, "add_header").flatMap((directive): Header[] => {
    const [name = "", text = "", always] = directive.args;
    const value = evaluate(text, variables);
    const isSent = value !== "" && (always === "always" || PLAIN_STATUSES.includes(status));
    return isSent ? [{ name: name.toLowerCase(), value, directive }] : [];
  });
}
