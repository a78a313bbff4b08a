/** `POST /api/metrics/event`: hands the raw body to the collector and sends its answer; holds no logic of its own. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { readSender, type Sender } from "../collector/intake/sender.ts";
import { PasserbyError } from "../errors.ts";
import { BOUNDS, REFUSAL_REASONS } from "../event.ts";
import { covers, readBearer } from "./access/access.ts";
import type { ServerParts } from "./parts.ts";
import { toPasserbyError } from "./refusals.ts";

/** Reads who sent a request; a key counts only when its scope is `ingest`. */
export function senderOf(request: FastifyRequest, parts: ServerParts): Sender {
  const record = readBearer(request, parts.keys);
  const ingestKey = record !== undefined && covers(record, "ingest") ? record : undefined;
  const forwardedFor = request.headers["x-forwarded-for"];
  return readSender(request.headers, {
    address: parts.addresses.read(
      request.raw.socket.remoteAddress,
      typeof forwardedFor === "string" ? forwardedFor : forwardedFor?.join(","),
    ),
    hasIngestKey: ingestKey !== undefined,
    keySite: ingestKey?.site ?? null,
  });
}

/** Adds the route. The body stays bytes until the collector decodes it, so that its bounds come before any parsing. */
export function addCollectRoutes(app: FastifyInstance, parts: ServerParts): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer", bodyLimit: BOUNDS.bodyBytes }, (_request, body, done) => {
    done(null, body);
  });
  app.addHook("onError", async (_request, _reply, error) => {
    const { code } = toPasserbyError(error);
    // What the collector throws it has counted itself; a body cut off by its limit never reached it.
    const reason = error instanceof PasserbyError ? undefined : REFUSAL_REASONS.find((known) => known === code);
    if (reason !== undefined) parts.collector.countRefusal(reason);
  });
  app.post<{ Querystring: { partial?: string } }>("/event", async (request, reply) => {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const answer = await parts.collector.collect({
      body: {
        bytes: body,
        contentType: request.headers["content-type"],
        contentEncoding: request.headers["content-encoding"],
      },
      sender: senderOf(request, parts),
      isPartial: request.query.partial === "1",
    });
    return reply.code(202).send(answer);
  });
  app.route({
    method: ["GET", "PUT", "PATCH", "DELETE"],
    url: "/event",
    handler: async (_request, reply) => {
      reply.header("allow", "POST, OPTIONS");
      throw new PasserbyError("method_not_allowed", "send events with POST");
    },
  });
}
