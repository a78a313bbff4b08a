/** TLS as nginx is set to speak it: protocols, ciphers, sessions, certificate. */
import { getCurves } from "node:crypto";
import { getCiphers } from "node:tls";
import type { Check } from "../../check.ts";
import { defaultServer, inForce, type Scope, walk } from "../../nginx/edge-servers.ts";
import type { EdgeService } from "../../nginx/edge-service.ts";
import { parseSize, parseTimeMs } from "../../nginx/nginx-units.ts";
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
import type { WithEvent } from "../edge/edge-view.ts";

/** Protocols and ciphers of a port are those of its default server: nginx has not heard a name yet. */
function tlsScopes({ model, door }: WithEvent): readonly Scope[] | undefined {
  if (door?.isTls !== true) return undefined;
  const server = defaultServer(model.servers, door);
  if (server === undefined) return undefined;
  return [...model.outer, { opening: server.directive, directives: server.directive.block ?? [] }];
}

function judgeListening(view: WithEvent): Seen {
  const { door, config, event } = view;
  if (door?.isTls) {
    const listener = event.server?.listeners.find(({ isTls }) => isTls);
    const certificate = inForce(event.scopes, "ssl_certificate")[0];
    const key = inForce(event.scopes, "ssl_certificate_key")[0];
    const missing = [certificate ? undefined : "ssl_certificate", key ? undefined : "ssl_certificate_key"].filter(
      (one) => one !== undefined,
    );
    if (missing.length > 0)
      return found(
        missing.map((name) =>
          failing(absent(name, event.server?.directive), "nginx does not start without it: name the file."),
        ),
      );
    const unmounted = [certificate, key].filter(
      (one) => one !== undefined && !isMounted(view.config.service, one.args[0] ?? ""),
    );
    if (unmounted.length > 0) {
      const text = "Nothing of that path is in the container: mount it, or name it as the secret is called.";
      return found(unmounted.flatMap((one) => (one ? [failing(seen(one), text)] : [])));
    }
    const others = event.server?.listeners.filter(({ isTls, port }) => !isTls && port === door.port) ?? [];
    if (others.length > 0)
      return found(
        others.map(({ directive }) => failing(seen(directive), "Add ssl: this address would speak plain HTTP.")),
      );
    return good(...(listener ? [seen(listener.directive)] : []), ...(certificate ? [seen(certificate)] : []));
  }
  const isBehind = [...walk(config.directives)].some(({ name }) => name === "set_real_ip_from");
  if (isBehind) return unseen(`${NO_TLS} (set_real_ip_from names it)`);
  const listen = event.server?.listeners[0]?.directive;
  const text =
    "Events travel in the clear: listen with ssl, and redirect what comes without. Where something in front ends TLS, name it in set_real_ip_from.";
  return found([failing(listen ? seen(listen) : absent("listen … ssl", event.server?.directive), text)]);
}

/** Says whether a path can be there in the container; without one, or without knowing, it can. */
function isMounted(service: EdgeService | undefined, path: string): boolean {
  if (service === undefined || !path.startsWith("/") || path.includes("$")) return true;
  return service.targets.some((target) => path === target || path.startsWith(`${target}/`));
}

const OLD = /^(?:SSLv2|SSLv3|TLSv1|TLSv1\.1)$/;

function judgeProtocols(view: WithEvent): Seen {
  const scopes = tlsScopes(view);
  if (scopes === undefined) return unseen(NO_TLS);
  const [directive] = inForce(scopes, "ssl_protocols");
  if (directive === undefined) {
    return found([
      doubtful(
        absent("ssl_protocols", scopes.slice(0, 2)),
        "Before 1.27.3 nginx's own list has TLS 1.0 and 1.1: set `ssl_protocols TLSv1.2 TLSv1.3;`.",
      ),
    ]);
  }
  const old = directive.args.filter((one) => OLD.test(one));
  if (old.length > 0)
    return found([
      failing(seen(directive), `${old.join(" and ")} are broken: use \`ssl_protocols TLSv1.2 TLSv1.3;\`.`),
    ]);
  const missing = ["TLSv1.2", "TLSv1.3"].filter((one) => !directive.args.includes(one));
  const odd = directive.args.filter((one) => one !== "TLSv1.2" && one !== "TLSv1.3");
  if (odd.length > 0)
    return found([
      failing(seen(directive), `nginx knows no ${odd.join(" ")}: use \`ssl_protocols TLSv1.2 TLSv1.3;\`.`),
    ]);
  return missing.length === 0
    ? good(seen(directive))
    : found([doubtful(seen(directive), `${missing.join(" and ")} is missing: add it.`)]);
}

const WEAK = /NULL|EXP|RC4|RC2|(?:^|[-+_])DES|3DES|MD5|ADH|AECDH|LOW|IDEA|SEED|PSK|SRP|^ALL$|^COMPLEMENTOF|^DEFAULT$/i;
const STRONG = /^(?:TLS_|(?:ECDHE|DHE)-.*(?:GCM|CHACHA20|CCM))|^(?:ECDHE|EECDH)\+(?:AESGCM|CHACHA20)$/;
const STRONG_WORDS = /^(?:kE?ECDHE?|EECDH|ECDHE|AESGCM|CHACHA20|HIGH|EDH|DHE|AES|AES256|AES128)(?:\+[\w.]+)*$/;
const KNOWN = new Set(getCiphers().map((name) => name.toUpperCase()));

function judgeCiphers(view: WithEvent): Seen {
  const scopes = tlsScopes(view);
  if (scopes === undefined) return unseen(NO_TLS);
  const [directive] = inForce(scopes, "ssl_ciphers");
  const advice =
    "Use the list of deploy/edge/passerby/tls.conf, which has forward secrecy and authenticated encryption only.";
  if (directive === undefined) {
    return found([doubtful(absent("ssl_ciphers (nginx's own: HIGH:!aNULL:!MD5)", scopes.slice(0, 2)), advice)]);
  }
  const entries = (directive.args[0] ?? "").split(/[:, ]/).filter((entry) => entry !== "");
  const offered = entries.filter((entry) => !/^[!@-]/.test(entry)).map((entry) => entry.replace(/^\+/, ""));
  const weak = offered.filter((entry) => WEAK.test(entry) && !STRONG.test(entry));
  if (weak.length > 0) return found([failing(seen(directive), `${weak.join(", ")} is weak. ${advice}`)]);
  const unknown = offered.filter(
    (entry) => /^(?:ECDHE|DHE|AES|CAMELLIA|TLS_)[-_]/i.test(entry) && !KNOWN.has(entry.toUpperCase()),
  );
  if (unknown.length > 0)
    return found([doubtful(seen(directive), `OpenSSL knows no ${unknown.join(", ")} and leaves it out. ${advice}`)]);
  const other = offered.filter((entry) => !STRONG.test(entry));
  const isWide = other.some((entry) => !STRONG_WORDS.test(entry)) || other.includes("HIGH");
  return isWide
    ? found([
        doubtful(seen(directive), `${other.join(", ")} lets in suites without forward secrecy or with CBC. ${advice}`),
      ])
    : good(seen(directive));
}

const GROUPS = /^(?:auto|X25519|X448|P-(?:256|384|521)|X25519MLKEM768|SecP256r1MLKEM768)$/i;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const CACHE_BYTES = { least: 256 * 1024, most: 64 * 1024 ** 2 };

function judgeSessions(view: WithEvent): Seen {
  const scopes = tlsScopes(view);
  if (scopes === undefined) return unseen(NO_TLS);
  const problems: Problem[] = [];
  const [tickets] = inForce(scopes, "ssl_session_tickets");
  if (tickets?.args[0] !== "off" && inForce(scopes, "ssl_session_ticket_key").length === 0) {
    const evidence = tickets ? seen(tickets) : absent("ssl_session_tickets (nginx's own: on)", scopes.slice(0, 2));
    problems.push(
      doubtful(
        evidence,
        "nginx never changes the key of tickets while it runs, which undoes forward secrecy: turn them off.",
      ),
    );
  }
  const [timeout] = inForce(scopes, "ssl_session_timeout");
  const keptMs = parseTimeMs(timeout?.args[0] ?? "5m") ?? 0;
  if (timeout && (keptMs > DAY_MS || keptMs < MINUTE_MS)) {
    problems.push(doubtful(seen(timeout), "Sessions are to be kept for a minute to a day: use 1d."));
  }
  const [cache] = inForce(scopes, "ssl_session_cache");
  if (!cache?.args.some((arg) => arg.startsWith("shared:"))) {
    problems.push(
      doubtful(
        cache ? seen(cache) : absent("ssl_session_cache", scopes.slice(0, 2)),
        "Each visit pays for a whole handshake: use `ssl_session_cache shared:tls:10m;`.",
      ),
    );
  }
  const bytes =
    parseSize(cache?.args.find((arg) => arg.startsWith("shared:"))?.split(":")[2] ?? "") ?? CACHE_BYTES.least;
  if (cache && (bytes < CACHE_BYTES.least || bytes > CACHE_BYTES.most)) {
    problems.push(doubtful(seen(cache), "1m holds about 4,000 sessions: use `ssl_session_cache shared:tls:10m;`."));
  }
  const [curves] = inForce(scopes, "ssl_ecdh_curve");
  const names = (curves?.args[0] ?? "auto").split(":");
  const known = new Set(getCurves());
  const odd = names.filter((name) => !GROUPS.test(name) && !known.has(name));
  if (curves && (odd.length > 0 || !names.some((name) => /^(?:auto|X25519|prime256v1|P-256)$/.test(name)))) {
    problems.push(
      failing(
        seen(curves),
        `Browsers need X25519 or prime256v1${odd.length > 0 ? `, and OpenSSL knows no ${odd.join(", ")}` : ""}.`,
      ),
    );
  }
  return found(problems, ...(tickets ? [seen(tickets)] : []));
}

const CHECKS_OF_TLS: readonly EventCheck[] = [
  {
    id: "security.edge-tls",
    line: "9.4",
    severity: "critical",
    asks: "nginx speaks TLS where events arrive",
    how: "Reads listen, ssl_certificate and ssl_certificate_key of the server that passes events on.",
    remedy: "Use `listen 443 ssl http2;` with a certificate.",
    look: judgeListening,
  },
  {
    id: "security.edge-tls-protocols",
    line: "9.4",
    severity: "high",
    asks: "TLS 1.2 and 1.3 are spoken, and nothing older",
    how: "Reads the ssl_protocols of the default server of the port, whose list is the one that counts.",
    remedy: "Use `ssl_protocols TLSv1.2 TLSv1.3;` in the http block.",
    look: judgeProtocols,
  },
  {
    id: "security.edge-tls-ciphers",
    line: "9.4",
    severity: "medium",
    asks: "Only ciphers with forward secrecy and authenticated encryption are offered",
    how: "Reads ssl_ciphers of the default server of the port, entry by entry, and asks OpenSSL whether it knows each suite.",
    remedy: "Take over deploy/edge/passerby/tls.conf.",
    look: judgeCiphers,
  },
  {
    id: "security.edge-tls-sessions",
    line: "9.4",
    severity: "low",
    asks: "Resumed sessions keep forward secrecy, and the curves are ones that browsers have",
    how: "Reads ssl_session_tickets, ssl_session_cache, ssl_session_timeout and ssl_ecdh_curve.",
    remedy: "Take over deploy/edge/passerby/tls.conf.",
    look: judgeSessions,
  },
];

export const EDGE_TLS_CHECKS: readonly Check[] = CHECKS_OF_TLS.map(eventCheck);
