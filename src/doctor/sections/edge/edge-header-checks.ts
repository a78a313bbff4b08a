/** Security headers of what nginx answers, by itself and for the collector. */
import type { Check } from "../../check.ts";
import { inForce, type Scope, walk } from "../../nginx/edge-servers.ts";
import { answerError, type Header, headersIn } from "../../nginx/error-answers.ts";
import { type Directive, whereOf } from "../../nginx/nginx-config.ts";
import type { Outcome } from "../../nginx/simulate.ts";
import { evaluate } from "../../nginx/variables.ts";
import {
  absent,
  doubtful,
  type EventCheck,
  eventCheck,
  failing,
  found,
  good,
  type Problem,
  type Seen,
  seen,
} from "./edge-check.ts";
import { type EdgeView, EVENT_PATH } from "./edge-view.ts";

type Rule = {
  readonly name: string;
  readonly isRight: (value: string) => boolean;
  readonly advice: string;
  readonly verdict: "fail" | "warn";
};

const REFERRERS =
  /^(?:no-referrer|same-origin|strict-origin|strict-origin-when-cross-origin|origin|origin-when-cross-origin|no-referrer-when-downgrade)$/;
/** `name=(list), …`, as Permissions-Policy has it. */
const PERMISSIONS = /^[a-z-]+=(?:\([^()]*\)|\*|self)(?:,\s*[a-z-]+=(?:\([^()]*\)|\*|self))*$/;
const NOTHING = /(?:^|;)\s*default-src 'none'\s*(?:;|$)/;

/** Headers that every answer bears; X-XSS-Protection is judged apart. */
const RULES: readonly Rule[] = [
  {
    name: "x-frame-options",
    isRight: (value) => /^(?:DENY|SAMEORIGIN)$/i.test(value),
    advice: "X-Frame-Options DENY",
    verdict: "fail",
  },
  {
    name: "x-content-type-options",
    isRight: (value) => /^nosniff$/i.test(value),
    advice: "X-Content-Type-Options nosniff",
    verdict: "fail",
  },
  {
    name: "referrer-policy",
    isRight: (value) => REFERRERS.test(value),
    advice: "Referrer-Policy no-referrer",
    verdict: "warn",
  },
  {
    name: "content-security-policy",
    isRight: isStrictPolicy,
    advice: "Content-Security-Policy \"default-src 'none'; frame-ancestors 'none'\"",
    verdict: "warn",
  },
  {
    name: "permissions-policy",
    isRight: (value) => PERMISSIONS.test(value),
    advice: 'Permissions-Policy "geolocation=(), camera=(), microphone=()"',
    verdict: "warn",
  },
  {
    name: "cross-origin-opener-policy",
    isRight: (value) => /^same-origin(?:-allow-popups)?$/.test(value),
    advice: "Cross-Origin-Opener-Policy same-origin",
    verdict: "warn",
  },
];

const DIRECTIVES =
  /^(?:(?:default|script|style|img|connect|font|media|object|frame|worker|manifest|child)-src|form-action|base-uri|frame-ancestors|sandbox|upgrade-insecure-requests|report-to|report-uri)\b/;

/** Of a policy that nothing is known about it says that nothing be loaded or framed; each part has to be one that browsers know. */
function isStrictPolicy(value: string): boolean {
  const parts = value.split(";").map((part) => part.trim());
  const isKnown = parts.filter((part) => part !== "").every((part) => DIRECTIVES.test(part) && !/'none'\S/.test(part));
  return (
    isKnown &&
    (NOTHING.test(value) || /default-src 'self'/.test(value)) &&
    /frame-ancestors ('none'|'self')/.test(value)
  );
}

/** What the collector sends of these with its pages (src/server/routes/headers.ts). */
const COLLECTOR_SENDS: Readonly<Record<string, string>> = {
  "content-security-policy": "default-src 'none'; script-src 'self'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "permissions-policy": "geolocation=()",
  "x-frame-options": "DENY",
};

type WithEvent = EdgeView & { readonly event: Outcome };

function serverScopes({ scopes, locations }: Outcome): readonly Scope[] {
  const [first] = locations;
  const index = scopes.findIndex(({ opening }) => opening === first);
  return first === undefined || index === -1 ? scopes : scopes.slice(0, index);
}

/** The headers of an answer that nginx makes by itself where no location has its say. */
function ofServer(
  { event }: WithEvent,
  upstreamHeaders: Readonly<Record<string, string>> = {},
  status = 404,
): readonly Header[] {
  const asked = { ...event.variables.asked, upstreamHeaders, status };
  return headersIn(serverScopes(event), { ...event.variables, values: new Map(), asked }, status);
}

function judgeHeaders(view: WithEvent): Seen {
  const headers = ofServer(view);
  const place = serverScopes(view.event).slice(0, 2);
  const problems = RULES.flatMap(({ name, isRight, advice, verdict }): readonly Problem[] => {
    const tell = verdict === "fail" ? failing : doubtful;
    const own = headers.filter((header) => header.name === name);
    const [first] = own;
    const isDeclared = inForce(serverScopes(view.event), "add_header").find(
      ({ args }) => args[0]?.toLowerCase() === name,
    );
    const text = `Add \`add_header ${advice} always;\`: answers that nginx makes by itself lack it.`;
    if (first === undefined) return [tell(isDeclared ? seen(isDeclared) : absent(name, place), text)];
    if (own.length > 1) return [doubtful(seen(first.directive), "The header is sent more than once: keep one.")];
    if (!isRight(first.value))
      return [
        tell({ ...seen(first.directive), found: `${name}: ${first.value}` }, `Use \`add_header ${advice} always;\`.`),
      ];
    return [];
  });
  return found(problems, ...headers.map(({ directive }) => seen(directive)));
}

/** What the collector sends already must stay single. */
function judgeTwice(view: WithEvent): Seen {
  const hidden = inForce(view.event.scopes, "proxy_hide_header").map(({ args }) => args[0]?.toLowerCase());
  const sent = Object.fromEntries(Object.entries(COLLECTOR_SENDS).filter(([name]) => !hidden.includes(name)));
  const problems = ofServer(view, sent, 200).flatMap(({ name, value, directive }) => {
    if (sent[name] === undefined) return [];
    const text = `The collector sends ${name} with its pages, too: add it by a map of $upstream_http_… only where it is missing.`;
    return [doubtful({ ...seen(directive), found: `${name}: ${value}` }, text)];
  });
  return found(problems, { what: "headers of collector and nginx", found: "one of each" });
}

/** Every place that has an add_header of its own below the one where the security headers stand. */
function judgeInheritance(view: WithEvent): Seen {
  const { event } = view;
  const outer = serverScopes(event);
  const expected = ofServer(view).map(({ name }) => name);
  const inner: Problem[] = [];
  const visit = (directives: readonly Directive[], scopes: readonly Scope[]): void => {
    for (const directive of directives) {
      if (directive.block === undefined || !["location", "if", "limit_except"].includes(directive.name)) continue;
      const within = [...scopes, { opening: directive, directives: directive.block }];
      if (directive.block.some(({ name }) => name === "add_header")) {
        const asked = { ...event.variables.asked, status: 404, upstreamHeaders: {} };
        const names = headersIn(within, { ...event.variables, values: new Map(), asked }, 404).map(({ name }) => name);
        const lost = expected.filter((name) => !names.includes(name));
        if (lost.length > 0) {
          const evidence = {
            ...seen(directive),
            found: `${directive.name} ${directive.args.join(" ")} loses ${lost.join(", ")}`,
          };
          inner.push(
            failing(
              evidence,
              "An add_header of its own makes a location forget those above it: repeat them there, by an include of the same file.",
            ),
          );
        }
      }
      visit(directive.block, within);
    }
  };
  visit(event.server?.directive.block ?? [], outer);
  return found(inner, { what: "locations with add_header", found: "none loses a header" });
}

function judgeHsts(view: WithEvent): Seen {
  if (view.door?.isTls !== true)
    return { problems: [], good: [], unseen: "this nginx speaks no TLS: whatever ends it sends the header" };
  const sent = ofServer(view).filter(({ name }) => name === HSTS);
  const [first] = sent;
  if (first === undefined)
    return found([
      failing(
        absent("Strict-Transport-Security", serverScopes(view.event).slice(0, 2)),
        `Add \`add_header ${HSTS_ADVICE} always;\`.`,
      ),
    ]);
  const evidence = { ...seen(first.directive), found: `${HSTS}: ${first.value}` };
  const [, age = "0"] = /(?:^|;)\s*max-age="?(\d+)"?\s*(?:;|$)/i.exec(first.value) ?? [];
  if (
    !/^\s*max-age="?\d+"?\s*(?:;\s*(?:includeSubDomains|preload)\s*)*;?\s*$/i.test(first.value) ||
    Number(age) < HALF_A_YEAR_S
  ) {
    return found([
      failing(evidence, `Browsers are to remember it for at least half a year: \`add_header ${HSTS_ADVICE} always;\`.`),
    ]);
  }
  const plain = view.ask("/", { isTls: false, port: 80 });
  const asked = { ...plain.variables.asked, status: 308 };
  const overPlain = headersIn(plain.scopes, { ...plain.variables, asked }, 308).find(({ name }) => name === HSTS);
  if (plain.kind !== "nobody" && overPlain) {
    return found([
      doubtful(
        seen(overPlain.directive),
        "Over plain HTTP the header must not be sent (RFC 6797, section 7.2): use a map of $https.",
      ),
    ]);
  }
  return good(evidence);
}

const HSTS = "strict-transport-security";
const HALF_A_YEAR_S = 15_768_000;
const HSTS_ADVICE = 'Strict-Transport-Security "max-age=63072000; includeSubDomains"';

function judgeXss({ model, event }: WithEvent): Seen {
  const all = [...walk(model.http)].filter(({ name, args }) => name === "add_header" && args[0]?.toLowerCase() === XSS);
  const on = all.filter(
    ({ args }) => !["", "0"].includes(evaluate(args[1] ?? "", { ...event.variables, values: new Map() })),
  );
  const text = "The filter that 1 turns on could be made to remove scripts of a page's own: send 0, or nothing.";
  const [first] = all;
  return found(
    on.map((one) => doubtful(seen(one), text)),
    first ? seen(first) : absent("X-XSS-Protection", undefined),
  );
}

const XSS = "x-xss-protection";

/** Errors of nginx and refused methods bear the headers as well: error pages have a location of their own. */
function judgeErrors(view: WithEvent): Seen {
  const expected = new Map(ofServer(view).map(({ name, value }) => [name, value]));
  const problems = [413, 429, 502, 503, 504].flatMap((status): readonly Problem[] => {
    const answer = answerError(view.model, view.event, status);
    if (answer.page === undefined || answer.scopes.at(-1)?.directives.some(({ name }) => name === "add_header"))
      return [];
    const lost = [...expected.keys()].filter((name) => !answer.headers.some((header) => header.name === name));
    if (lost.length === 0) return [];
    return [
      failing(
        { what: `headers of ${status}`, found: `lacks ${lost.join(", ")}`, where: whereOf(answer.page) },
        "Let errors bear the headers, too: add `always`.",
      ),
    ];
  });
  return found(problems, { what: `errors of nginx at ${EVENT_PATH}`, found: "bear the same headers" });
}

const CHECKS_OF_HEADERS: readonly EventCheck[] = [
  {
    id: "security.edge-headers",
    line: "9.5",
    severity: "high",
    asks: "nginx adds the security headers to its own answers, errors included",
    how: "Works out the add_header lines that are in force in the server of the collector for an answer that nginx makes by itself: maps are followed, and without `always` nothing is added to an error.",
    remedy: "Take over deploy/edge/passerby/headers.conf and maps.conf.",
    look: judgeHeaders,
  },
  {
    id: "security.edge-headers-once",
    line: "9.5",
    severity: "low",
    asks: "No security header is sent twice",
    how: "Works out the same lines for an answer of the collector, which sends most of the headers itself.",
    remedy: "Add each by a map of $upstream_http_… (deploy/edge/passerby/maps.conf), or hide the collector's.",
    after: ["security.edge-headers"],
    look: judgeTwice,
  },
  {
    id: "security.edge-headers-inherited",
    line: "9.5",
    severity: "high",
    asks: "No location loses the security headers",
    how: "Looks in the server of the collector for blocks with an add_header of their own, which makes nginx forget all that stand above.",
    remedy: "Repeat the headers in that location by an include, or move its header up.",
    look: judgeInheritance,
  },
  {
    id: "security.edge-error-headers",
    line: "9.5",
    severity: "medium",
    asks: "Errors of nginx bear the security headers",
    how: "Works out the headers of the locations that error_page leads to.",
    remedy: "Include headers.conf there, with `always` behind each.",
    after: ["security.edge-headers", "security.edge-headers-inherited"],
    look: judgeErrors,
  },
  {
    id: "security.edge-hsts",
    line: "9.5",
    severity: "high",
    asks: "Over TLS, and only there, browsers are told to come back over TLS",
    how: "Works out Strict-Transport-Security of the server with TLS and of the one without.",
    remedy: 'Add `Strict-Transport-Security "max-age=63072000; includeSubDomains"` by a map of $https.',
    look: judgeHsts,
  },
  {
    id: "security.edge-xss-header",
    line: "9.5",
    severity: "low",
    asks: "X-XSS-Protection is 0 or absent",
    how: "Works out the header; `1; mode=block`, which older lists ask for, opened holes of its own.",
    remedy: "Use `add_header X-XSS-Protection 0 always;`, or leave it out.",
    look: judgeXss,
  },
];

export const EDGE_HEADER_CHECKS: readonly Check[] = CHECKS_OF_HEADERS.map(eventCheck);
