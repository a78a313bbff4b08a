/** Security headers of what nginx answers, by itself and for the collector. */
import type { Check } from "../../check.ts";
import { inForce, type Scope } from "../../nginx/edge-servers.ts";
import { answerError, headersIn } from "../../nginx/error-answers.ts";
import { type Directive, whereOf } from "../../nginx/nginx-config.ts";
import {
  absent,
  doubtful,
  type EventCheck,
  eventCheck,
  failing,
  found,
  type Problem,
  type Seen,
  seen,
} from "../edge/edge-check.ts";
import { EVENT_PATH, type WithEvent } from "../edge/edge-view.ts";
import { ofServer, serverScopes } from "./server-headers.ts";

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
];

export const EDGE_HEADER_CHECKS: readonly Check[] = CHECKS_OF_HEADERS.map(eventCheck);
