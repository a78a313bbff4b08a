/** What the collector shows of itself: the live snapshot and its health. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { PasserbyError } from "../../errors.ts";
import { fullSnapshot, redactedSnapshot, type SnapshotFilter } from "../../live/snapshot.ts";
import { mayReadLive, readBearer, requireSite } from "../access/access.ts";
import type { ServerParts } from "./parts.ts";
import { readParameter } from "./query-string.ts";

const DEFAULT_LIMIT = 50;

type SnapshotQuery = ReturnType<typeof readSnapshotQuery>;

/** Adds the routes under `/api/metrics`. */
export function addLiveRoutes(app: FastifyInstance, parts: ServerParts): void {
  app.get("/behavior", async (request) => showSnapshot(request, parts));
  app.get("/health", async (_request, reply) => showHealth(reply, parts));
  app.get("/behavior/health", async () => ({
    ok: true,
    ring_capacity: parts.ring.capacity,
    sink_exists: parts.log.status().fileExists,
  }));
}

function showSnapshot(request: FastifyRequest, parts: ServerParts): unknown {
  const { ring, settings, clock, log } = parts;
  parts.limits.countReading(parts.addresses.read(request.socket.remoteAddress, request.headers));
  const record = readBearer(request, parts.keys);
  const mayReadAll = (record !== undefined && mayReadLive(record)) || settings.snapshotAccess === "full";
  const query = readSnapshotQuery(request);
  const { fileBytes } = log.status();
  if (mayReadAll) {
    const site = query.site ?? record?.site ?? undefined;
    if (record !== undefined && site !== undefined) requireSite(record, site);
    return fullSnapshot(ring, { ...readFilter(query, ring.capacity), site }, { fileBytes, nowMs: clock.now() });
  }
  if (settings.snapshotAccess === "off") {
    throw new PasserbyError("key_required", "the snapshot needs a key with scope read as Authorization: Bearer");
  }
  const site = query.site ?? parts.collector.siteOf(request.headers);
  const { publicEvents } = settings;
  return redactedSnapshot(ring, { ...readFilter(query, ring.capacity), site }, { fileBytes, publicEvents });
}

function readSnapshotQuery(request: FastifyRequest) {
  const read = (name: string): string | undefined => readParameter(request, name);
  return { limit: read("limit"), site: read("site"), event: read("event"), since: read("since") };
}

function readFilter(query: SnapshotQuery, capacity: number): SnapshotFilter {
  const limit = query.limit === undefined ? Math.min(DEFAULT_LIMIT, capacity) : Number(query.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > capacity) {
    throw new PasserbyError("invalid_request", `limit must be a whole number from 1 to ${capacity}`);
  }
  const since = query.since === undefined ? undefined : Date.parse(query.since);
  if (Number.isNaN(since)) {
    throw new PasserbyError("invalid_request", "since must be an ISO 8601 date and time, such as 2026-01-31T12:00:00Z");
  }
  return { limit, event: query.event, since: since === undefined ? undefined : new Date(since).toISOString() };
}

function showHealth(reply: FastifyReply, { health }: ServerParts): unknown {
  const answer = health.answer();
  return reply.code(answer.status === "healthy" ? 200 : 503).send(answer);
}
