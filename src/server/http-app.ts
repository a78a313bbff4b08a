/** Assembles the HTTP application from its routes; it holds no logic and no state of its own. */
import cookie from "@fastify/cookie";
import fastify, { type FastifyInstance } from "fastify";
import { PasserbyError } from "../errors.ts";
import { addCollectRoutes } from "./collect-routes.ts";
import { addCors } from "./cors.ts";
import { addDashboardRoutes } from "./dashboard-routes.ts";
import { addSecurityHeaders } from "./headers.ts";
import { addLiveRoutes, CONFIG_ETAG } from "./live-routes.ts";
import type { ServerParts } from "./parts.ts";
import { sendError, toPasserbyError } from "./refusals.ts";
import { addStaticFiles } from "./static-files.ts";

/** A slow client is cut off after this long; nginx in front gives up at about the same time. */
const REQUEST_TIMEOUT_MS = 15_000;
/** Longer than the 60 s that nginx keeps an upstream connection, so that it never writes into a closed one. */
const KEEP_ALIVE_MS = 72_000;

/** Builds the application; nothing listens yet. */
export async function buildApp(parts: ServerParts): Promise<FastifyInstance> {
  const app = fastify({
    logger: false,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionTimeout: 0,
    http: { headersTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: 5_000, maxHeaderSize: 16_384 },
    bodyLimit: 1_048_576,
    return503OnClosing: false,
    forceCloseConnections: "idle",
  });
  addErrorAnswers(app, parts);
  await app.register(
    async (metrics) => {
      metrics.addHook("onRequest", (_request, reply, done) => {
        reply.header("passerby-config", CONFIG_ETAG).header("x-content-type-options", "nosniff");
        done();
      });
      addCors(metrics, parts.collector.origins);
      await metrics.register(async (collect) => addCollectRoutes(collect, parts));
      addLiveRoutes(metrics, parts);
    },
    { prefix: "/api/metrics" },
  );
  await app.register(async (pages) => {
    addSecurityHeaders(pages);
    await pages.register(cookie);
    await pages.register(async (dashboard) => addDashboardRoutes(dashboard, parts), { prefix: "/api" });
    await addStaticFiles(pages, parts.distDir);
  });
  return app;
}

function addErrorAnswers(app: FastifyInstance, parts: ServerParts): void {
  app.setErrorHandler((error: Error, _request, reply) => {
    const known = toPasserbyError(error);
    if (known.code === "internal_error") parts.onError(error);
    return sendError(reply, known);
  });
  app.setNotFoundHandler((_request, reply) =>
    sendError(reply, new PasserbyError("not_found", "there is nothing here")),
  );
}
