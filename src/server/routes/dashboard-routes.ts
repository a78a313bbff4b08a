/** The dashboard's own API: signing in, questions, visitors now, what arrived, and health. Its paths name nothing that blockers look for. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Compile } from "typebox/compile";
import { PasserbyError } from "../../errors.ts";
import { parseQuery } from "../../query/parse-query.ts";
import { answer } from "../../query/query.ts";
import { visitorsNow } from "../../query/visitors-now.ts";
import { COOKIE, isSecure, readCookie, requireOwnPage, requireReader, requireSite } from "../access/access.ts";
import type { Session } from "../access/sign-in-sessions.ts";
import { answerSiteLedger } from "./dashboard-ledger.ts";
import type { ServerParts } from "./parts.ts";

const signInBody = Compile({
  type: "object",
  additionalProperties: false,
  properties: { key: { type: "string", maxLength: 512 }, token: { type: "string", maxLength: 512 } },
} as const);

const siteBody = Compile({
  type: "object",
  required: ["site"],
  properties: { site: { type: "string", maxLength: 253 } },
} as const);

/** Adds the routes under `/api`. */
export function addDashboardRoutes(app: FastifyInstance, parts: ServerParts): void {
  // A form of another page can send text/plain without a preflight; what it sends must not even be parsed here.
  app.removeContentTypeParser("text/plain");
  app.post("/sign-in", async (request, reply) => signIn(request, reply, parts));
  app.post("/sign-out", async (request, reply) => {
    requireOwnPage(request);
    parts.signIn.close(readCookie(request) ?? "");
    return reply.clearCookie(isSecure(request) ? COOKIE.secure : COOKIE.plain, { path: "/" }).send({ ok: true });
  });
  app.post("/sites", async (request) => listSites(request, requireReader(request, parts), parts));
  app.post("/query", async (request) => {
    const session = requireReader(request, parts);
    const sites = parts.settings.sites.map((site) => site.name);
    const query = parseQuery(request.body, { sites });
    requireSite(session, query.site);
    return answer(parts.store, query, parts.clock.now());
  });
  app.post("/now", async (request) => {
    const site = readSite(request, requireReader(request, parts));
    return { visitors: await visitorsNow(parts.store, site, parts.clock.now()) };
  });
  app.post("/arrivals", async (request) => {
    return parts.ledger.arrivals(readSite(request, requireReader(request, parts)));
  });
  app.post("/ledger", async (request) => answerSiteLedger(request.body, requireReader(request, parts), parts));
  // Always 200: that it could be asked is one thing, what it says is another.
  app.post("/health", async (request) => {
    requireReader(request, parts);
    return parts.health.answer();
  });
}

function signIn(request: FastifyRequest, reply: FastifyReply, parts: ServerParts): FastifyReply {
  requireOwnPage(request);
  const { body } = request;
  if (!signInBody.Check(body)) throw new PasserbyError("invalid_request", 'send {"key":"…"} or {"token":"…"}');
  const address = parts.addresses.read(request.socket.remoteAddress, request.headers);
  parts.limits.checkSignIn(address);
  const secret = parts.signIn.open(body);
  if (secret === undefined) {
    parts.limits.countFailedSignIn(address);
    throw new PasserbyError("key_required", "this key or link is not good: a link works once and for 10 minutes");
  }
  const secure = isSecure(request);
  reply.setCookie(secure ? COOKIE.secure : COOKIE.plain, secret, {
    path: "/",
    httpOnly: true,
    sameSite: "strict",
    secure,
    maxAge: Math.floor(parts.signIn.sessionLifetimeMs / 1000),
  });
  return reply.send({ ok: true });
}

function listSites(request: FastifyRequest, session: Session, { settings }: ServerParts): unknown {
  const sites = settings.sites.filter((site) => session.site === null || session.site === site.name);
  return {
    sites: sites.map(({ name, hosts }) => ({ name, hosts })),
    default_site: session.site ?? settings.defaultSite,
    base_url: `${isSecure(request) ? "https" : "http"}://${request.headers.host ?? ""}`,
  };
}

function readSite(request: FastifyRequest, session: Session): string {
  const { body } = request;
  if (!siteBody.Check(body)) throw new PasserbyError("invalid_request", 'send {"site":"example.com"}');
  requireSite(session, body.site);
  return body.site;
}
