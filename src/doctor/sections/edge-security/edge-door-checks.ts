/** What becomes of those who come without TLS, by another name, over IPv6 or over HTTP/1. */
import type { Check } from "../../check.ts";
import { inForce, placesOf, walk } from "../../nginx/edge-servers.ts";
import { patternOf } from "../../nginx/locations.ts";
import type { Directive } from "../../nginx/nginx-config.ts";
import type { Outcome } from "../../nginx/simulate.ts";
import { isRedirect, simulate } from "../../nginx/simulate.ts";
import {
  absent,
  doubtful,
  type EventCheck,
  eventCheck,
  failing,
  found,
  good,
  NO_TLS,
  type Problem,
  type Seen,
  seen,
  unseen,
} from "../edge/edge-check.ts";
import { askedAt, EVENT_PATH, isCollectors, isOurs, type WithEvent } from "../edge/edge-view.ts";

/** Somebody who comes over plain HTTP is sent to the same page over TLS, and nothing is taken. */
function judgePlain(view: WithEvent): Seen {
  const { door, model } = view;
  if (door?.isTls !== true) return unseen(NO_TLS);
  const problems: Problem[] = [];
  const shown: Directive[] = [];
  for (const { port, family, isTls } of placesOf(model)) {
    if (isTls || family !== (door.family ?? 4)) continue;
    const at = { host: door.host, port, family, isTls };
    for (const [path, method] of [
      ["/some/page", "GET"],
      [EVENT_PATH, "POST"],
      ["/api/metrics/event/", "POST"],
    ] as const) {
      const outcome = simulate(model, askedAt(at, path, { query: "a=1", method }));
      if (!isOurs(outcome.server, view)) continue;
      const evidence = outcome.by
        ? { ...seen(outcome.by), found: `${seen(outcome.by).found} ${outcome.text ?? ""}`.trim() }
        : absent("return 308", outcome.server?.directive);
      if (outcome.kind === "proxy") {
        problems.push(failing(evidence, "Events are taken in the clear: redirect to https:// instead."));
      } else if (!isRedirect(outcome)) {
        const isClosed = outcome.kind === "return" && (outcome.status ?? 0) >= 400;
        if (!isClosed || method === "GET")
          problems.push(
            doubtful(evidence, "Send what comes over plain HTTP to https://: `return 308 https://$host$request_uri;`."),
          );
      } else {
        problems.push(...judgeRedirect(outcome, evidence, `https://${door.host}`, path));
        if (outcome.by) shown.push(outcome.by);
      }
    }
  }
  const unique = new Map(problems.map((one) => [one.evidence.where, one]));
  return found([...unique.values()], ...shown.slice(0, 1).map((one) => seen(one)));
}

function judgeRedirect(
  outcome: Outcome,
  evidence: Problem["evidence"],
  origin: string,
  path: string,
): readonly Problem[] {
  const to = URL.parse(outcome.text ?? "");
  const wanted = `${path}?a=1`;
  const isSame = to !== null && to.protocol === "https:" && `${to.protocol}//${to.hostname}` === origin;
  if (!isSame || `${to.pathname}${to.search}` !== wanted) {
    return [failing(evidence, `It has to lead to ${origin}${wanted}: use \`return 308 https://$host$request_uri;\`.`)];
  }
  if (![301, 308].includes(outcome.status ?? 0)) return [doubtful(evidence, "Say that it is for good: 308, or 301.")];
  return [];
}

/** Who asks for another name gets no collector, whether TLS or the request says it. */
function judgeStrangers(view: WithEvent): Seen {
  const { model, door } = view;
  const host = "stranger.invalid";
  const asked = placesOf(model).flatMap((place) => {
    const stranger = askedAt({ ...place, host }, "/some/page");
    const event = askedAt({ ...place, host }, EVENT_PATH, { method: "POST" });
    return place.isTls && door
      ? [event, stranger, { ...stranger, sni: door.host }, { ...event, sni: door.host }]
      : [event, stranger];
  });
  const problems = asked.flatMap((one): readonly Problem[] => {
    const outcome = simulate(model, one);
    const opening = outcome.server?.directive;
    if (opening === undefined) return [];
    if (isCollectors(outcome, view.event)) {
      return [
        doubtful(
          { ...seen(opening), found: `takes any name at port ${one.port}` },
          "Any name that is pointed here gets the collector, and names in links of it: add a default_server that answers 421 or 444.",
        ),
      ];
    }
    if (outcome.kind === "files" && isOurs(outcome.server, view)) {
      return [
        doubtful(
          { ...seen(opening), found: `serves files to any name at port ${one.port}` },
          "Who asks for another name gets pages of nginx: answer 444, or 421 over TLS.",
        ),
      ];
    }
    const isLed =
      isOurs(outcome.server, view) && isRedirect(outcome) && URL.parse(outcome.text ?? "")?.hostname === host;
    if (isLed && outcome.by)
      return [
        doubtful(
          seen(outcome.by),
          "Any name that is asked for is put into the redirect: add a default_server that answers 444.",
        ),
      ];
    return [];
  });
  const unique = new Map(problems.map((one) => [one.evidence.where, one]));
  return found([...unique.values()], { what: "an unknown name", found: "is not served" });
}

/** Over IPv6 a name gets what it gets over IPv4, wherever nginx listens to both. */
function judgeFamilies({ model, door }: WithEvent): Seen {
  const places = placesOf(model);
  if (!places.some(({ family }) => family === 6)) return unseen("nginx listens to IPv4 only");
  const host = door?.host ?? "";
  const both = door?.family === 6 ? ([6, 4] as const) : ([4, 6] as const);
  const problems = places.flatMap(({ port, isTls }): readonly Problem[] => {
    const [own, other] = both.map((one) => simulate(model, askedAt({ host, port, isTls, family: one }, "/some/page")));
    const opening = own?.server?.names.includes(host) ? own.server.directive : undefined;
    if (opening === undefined || other?.server?.directive === opening) return [];
    const text = `Over IPv${both[1]} another server answers at port ${port}, or none: give both servers a listen for IPv4 and one for IPv6.`;
    return [doubtful({ ...seen(opening), found: `not at port ${port} over IPv${both[1]}` }, text)];
  });
  const unique = new Map(problems.map((one) => [one.evidence.found, one]));
  return found([...unique.values()], { what: "IPv4 and IPv6", found: "lead to the same servers" });
}

function judgeAcme({ config, ask, door }: WithEvent): Seen {
  const path = "/.well-known/acme-challenge/token";
  const all = [...walk(config.directives)].filter(
    ({ name, args }) => name === "location" && args.some((arg) => /well-known|acme/.test(arg)),
  );
  if (all.length === 0) return unseen("no location for ACME: the certificate comes another way");
  const outcome = ask(path, { isTls: false, port: 80 });
  const overTls = door?.isTls ? ask(path) : undefined;
  const [location] = all;
  const roots = inForce(outcome.scopes, "root").length + inForce(outcome.scopes, "alias").length;
  const isServed = outcome.kind === "proxy" || (outcome.kind === "files" && outcome.locations.length > 0 && roots > 0);
  const isServedOverTls = overTls?.locations.some((one) => all.includes(one)) ?? false;
  const isAny = outcome.locations.some((one) => patternOf(one).text.includes("acme")) || isServedOverTls;
  if (location === undefined || (isAny && (isServed || isServedOverTls))) return good(...all.map((one) => seen(one)));
  return found([
    failing(
      seen(location),
      `${path} is not served from a folder: the certificate cannot be renewed. Use \`location ^~ /.well-known/acme-challenge/ { root …; }\`.`,
    ),
  ]);
}

function judgeHttp2({ event, config, door }: WithEvent): Seen {
  if (door?.isTls !== true) return unseen(NO_TLS);
  const isGlobal = [...walk(config.directives)].find(({ name, args }) => name === "http2" && args[0] === "on");
  const listeners = event.server?.listeners.filter(({ isTls }) => isTls) ?? [];
  const old = listeners.filter(({ isHttp2 }) => !isHttp2);
  if (isGlobal !== undefined || old.length === 0) return good(...listeners.map(({ directive }) => seen(directive)));
  return found(
    old.map(({ directive }) =>
      doubtful(
        seen(directive),
        "Over HTTP/1.1 a live stream takes one of six connections of a browser: turn HTTP/2 on.",
      ),
    ),
  );
}

const CHECKS_OF_DOORS: readonly EventCheck[] = [
  {
    id: "security.edge-redirects",
    line: "9.4",
    severity: "high",
    asks: "What comes over plain HTTP is sent to the same address over TLS",
    how: "Follows a page and an event over every port without TLS and compares where the answer leads.",
    remedy: "Use `return 308 https://$host$request_uri;` (308 keeps a POST a POST).",
    look: judgePlain,
  },
  {
    id: "security.edge-acme",
    line: "9.4",
    severity: "high",
    asks: "The certificate can be renewed over HTTP, where that is set up",
    how: "Follows a request for /.well-known/acme-challenge/ over plain HTTP.",
    remedy: "Use `location ^~ /.well-known/acme-challenge/ { root /var/www/acme; }`.",
    after: ["security.edge-redirects"],
    look: judgeAcme,
  },
  {
    id: "security.edge-unknown-names",
    line: "9.4",
    severity: "medium",
    asks: "Who asks for a name that is not ours gets nothing",
    how: "Follows an event for a foreign name over every port.",
    remedy: "Add a default_server with `return 444;`, over TLS with `ssl_reject_handshake on;`.",
    look: judgeStrangers,
  },
  {
    id: "edge.families-agree",
    line: "3.2",
    severity: "medium",
    asks: "IPv6 leads to the same servers as IPv4",
    how: "Follows a request for the collector's name over both, at every port where nginx listens to both.",
    remedy: "Give each server `listen 443 …;` and `listen [::]:443 …;`.",
    after: ["security.edge-redirects", "security.edge-unknown-names"],
    look: judgeFamilies,
  },
  {
    id: "edge.http2",
    line: "3.2",
    severity: "low",
    asks: "Browsers come over HTTP/2",
    how: "Reads listen and http2 of the server that passes events on.",
    remedy: "Use `listen 443 ssl http2;`, from nginx 1.25.1 on `http2 on;`.",
    after: ["security.edge-tls"],
    look: judgeHttp2,
  },
];

export const EDGE_DOOR_CHECKS: readonly Check[] = CHECKS_OF_DOORS.map(eventCheck);
