/** Assembles the HTTP application from its routes; it holds no logic and no state of its own. */
import cookie from "@fastify/cookie";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { PasserbyError } from "../../errors.ts";
import { addRequestHooks } from "../health/request-hooks.ts";
import { createFrontDoor } from "../ingest/front-door.ts";
import { answerBrokenRequest, createHttpServer } from "../ingest/http-server.ts";
import type { Intake } from "../intake.ts";
import { addCors } from "./cors.ts";
import { addDashboardRoutes } from "./dashboard-routes.ts";
import { addSecurityHeaders } from "./headers.ts";
import { addLedgerRoute } from "./ledger-route.ts";
import { addLiveRoutes } from "./live-routes.ts";
import type { ServerParts } from "./parts.ts";
import { sendError, toPasserbyError } from "./refusals.ts";
import { addScriptRoutes } from "./script-routes.ts";
import { addStaticFiles } from "./static-files.ts";
import { addStreamRoute } from "./stream-route.ts";

/** How long connections may take to be done with once the server drains; below the deadline of the whole stop. */
const DRAIN_MS = 5_000;

/**
 * Builds the application; nothing listens yet. With an intake it takes events itself; without one that is done by
 * workers, which pass all else on to here.
 */
export async function buildApp(parts: ServerParts, intake: Intake | null): Promise<FastifyInstance> {
  let isClosing = false;
  const takes = intake && createFrontDoor({ ...parts, ...intake, isClosing: () => isClosing });
  const app = fastify({
    logger: false,
    bodyLimit: 1_048_576,
    return503OnClosing: false,
    forceCloseConnections: "idle",
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, _request, reply) => sendError(reply, toPasserbyError(error)),
    serverFactory: (handle) =>
      createHttpServer(parts.settings.maxConnections, (request, response) => {
        if (takes === null || !takes(request, response)) handle(request, response);
      }),
  });
  app.addHook("preClose", (done) => {
    isClosing = true;
    // A client that does not read its answers would keep the server from stopping.
    setTimeout(() => app.server.closeAllConnections(), DRAIN_MS).unref();
    done();
  });
  addErrorAnswers(app, parts);
  addRequestHooks(app, parts);
  await app.register(
    async (metrics) => {
      metrics.addHook("onRequest", ({ headers }, reply, done) => {
        const { etag } = parts.collector.trackerConfig(headers);
        reply.header("passerby-config", etag).header("x-content-type-options", "nosniff");
        done();
      });
      addCors(metrics, parts.collector.origins);
      // A route of its own, so that a page of an allowed origin can read this answer, too, and no file is looked for.
      metrics.route({ method: ["GET", "POST", "PUT", "PATCH", "DELETE"], url: "/*", handler: answerNotFound });
      addLiveRoutes(metrics, parts);
      addStreamRoute(metrics, parts);
      addLedgerRoute(metrics, parts);
    },
    { prefix: "/api/metrics" },
  );
  await app.register(async (pages) => {
    addSecurityHeaders(pages);
    await pages.register(cookie);
    await pages.register(async (dashboard) => addDashboardRoutes(dashboard, parts), { prefix: "/api" });
    addScriptRoutes(pages, parts.distDir);
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
  app.setNotFoundHandler(answerNotFound);
}

function answerNotFound(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendError(reply, new PasserbyError("not_found", "there is nothing here"));
}
