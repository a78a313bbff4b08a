/** CORS for the collector's endpoints: an answer to an allowed origin can be read by its page, errors included. */
import type { FastifyInstance } from "fastify";
import type { OriginList } from "../../collector/intake/origins.ts";
import { PasserbyError } from "../../errors.ts";
import { sendError } from "./refusals.ts";

const PREFLIGHT_SECONDS = 86_400;

/** Adds the headers to every answer under the instance's prefix, and answers preflights (Fetch Standard, CORS protocol). */
export function addCors(app: FastifyInstance, origins: OriginList): void {
  app.addHook("onRequest", (request, reply, done) => {
    reply.header("vary", "Origin");
    const origin = request.headers.origin;
    if (origin !== undefined && origins.allows(origin)) {
      reply.header("access-control-allow-origin", origin);
      reply.header("access-control-expose-headers", "Retry-After, ETag, Passerby-Config");
    }
    done();
  });
  app.options("/*", async (request, reply) => {
    const origin = request.headers.origin;
    if (origin === undefined || !origins.allows(origin)) {
      return sendError(
        reply,
        new PasserbyError("origin_not_allowed", "this origin is not allowed: add it to ALLOWED_ORIGINS"),
      );
    }
    return reply
      .code(204)
      .header("access-control-allow-methods", "GET, POST, OPTIONS")
      .header("access-control-allow-headers", "Content-Type, Authorization, If-None-Match, Last-Event-ID")
      .header("access-control-max-age", PREFLIGHT_SECONDS)
      .send();
  });
}
