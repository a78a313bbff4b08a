/** Measures each request as it is answered and, at debug level only, logs it without a word of the client's. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";
import type { Clock } from "../../clock.ts";
import type { RequestMeter } from "./request-meter.ts";
import type { ServerLog } from "./server-log.ts";

const ACCEPTED = 202;

export type MeasuringParts = {
  readonly meter: RequestMeter;
  readonly serverLog: ServerLog;
  readonly clock: Pick<Clock, "monotonicMs">;
};

/** Measures a request that is answered outside the framework; call it in the turn in which the request came. */
export function measureAnswer(
  parts: MeasuringParts,
  route: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { meter, clock } = parts;
  const started = clock.monotonicMs();
  response.on("finish", () => {
    const ms = clock.monotonicMs() - started;
    // A refusal costs no sync and would flatter the figure; only events are answered so.
    if (response.statusCode === ACCEPTED) meter.acknowledgements.observe(ms / 1000);
    noteRequest(parts, request, { route, status: response.statusCode, ms });
  });
}

/** Adds the hook to every route that is added afterwards, and to what is not found; Fastify has its own stopwatch. */
export function addRequestHooks(app: FastifyInstance, parts: MeasuringParts): void {
  app.addHook("onResponse", (request, reply, done) => {
    // The pattern that a route was added under; a path that no route has is the client's text and stays out.
    const route = request.routeOptions.url ?? "(none)";
    noteRequest(parts, request.raw, { route, status: reply.statusCode, ms: reply.elapsedTime });
    done();
  });
}

type Answered = { readonly route: string; readonly status: number; readonly ms: number };

function noteRequest({ meter, serverLog }: MeasuringParts, request: IncomingMessage, answered: Answered): void {
  const { route, status, ms } = answered;
  meter.count(route, status);
  if (!serverLog.isDebug) return;
  const bytes = Number(request.headers["content-length"] ?? 0);
  serverLog.debug("request", { method: request.method, route, status, ms: Math.round(ms * 10) / 10, bytes });
}
