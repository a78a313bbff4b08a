/** `GET /api/metrics/stream`: lets a reader with a key into the live stream; a key in the address is never read. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { PasserbyError } from "../../errors.ts";
import { mayReadLive, readBearer, requireSite } from "../access/access.ts";
import type { KeyRecord, KeyRing } from "../access/keys.ts";
import type { ServerParts } from "./parts.ts";
import { readParameter } from "./query-string.ts";

const STREAM_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store",
  // nginx holds answers back until it has 4 or 8 KiB, unless it is told not to.
  "x-accel-buffering": "no",
  // Nothing can follow a stream on its connection, and a stopping server must not wait for one that might.
  connection: "close",
} as const;

/** Adds the route under `/api/metrics`, and ends every stream when the server begins to stop. */
export function addStreamRoute(app: FastifyInstance, parts: ServerParts): void {
  // Before the server closes idle connections: one whose stream has just ended counts as idle, its last bytes unsent.
  app.addHook("preClose", () => parts.stream.close());
  app.get("/stream", { exposeHeadRoute: false }, async (request, reply) => openStream(request, reply, parts));
}

function openStream(request: FastifyRequest, reply: FastifyReply, parts: ServerParts): FastifyReply {
  const record = requireKey(request, parts.keys);
  const filter = { site: readSite(request, record, parts), event: readParameter(request, "event") };
  if (!parts.stream.hasRoom()) {
    throw new PasserbyError("stream_unavailable", "no more live streams can be open just now: connect again later");
  }
  reply.headers(STREAM_HEADERS).hijack();
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) reply.raw.setHeader(name, value);
  }
  parts.stream.open({
    filter,
    lastEventId: readLastEventId(request),
    mayGoOn: () => isStillGood(record, parts.keys),
    output: reply.raw,
  });
  return reply;
}

function requireKey(request: FastifyRequest, keys: KeyRing): KeyRecord {
  const record = readBearer(request, keys);
  if (record === undefined) {
    throw new PasserbyError("key_required", "the stream needs a key with scope read as Authorization: Bearer");
  }
  if (mayReadLive(record)) return record;
  throw new PasserbyError(
    "scope_missing",
    `this key has the scope ${record.scope}: reading needs one with scope read, or overlay for one site`,
  );
}

/** The one site to stream, or undefined for all. A site that is not there would be a stream that stays silent for ever. */
function readSite(request: FastifyRequest, record: KeyRecord, { settings }: ServerParts): string | undefined {
  const site = readParameter(request, "site");
  if (site === undefined) return record.site ?? undefined;
  requireSite(record, site);
  if (settings.sites.some(({ name }) => name === site)) return site;
  throw new PasserbyError("invalid_request", "site is not the name of a configured site: see METRICS_SITES");
}

function readLastEventId(request: FastifyRequest): string | undefined {
  const id = request.headers["last-event-id"];
  return typeof id === "string" && id !== "" ? id : undefined;
}

/** A key file that cannot be read lets nobody go on, as it lets nobody in. */
function isStillGood(record: KeyRecord, keys: KeyRing): boolean {
  try {
    return keys.isAlive(record.id);
  } catch {
    return false;
  }
}
