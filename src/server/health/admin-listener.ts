/** The admin listener: `GET /metrics` for Prometheus, on an address of its own that the public one never shows. */
import fastify from "fastify";
import { PasserbyError, systemErrorCode } from "../../errors.ts";
import type { ListenAddress } from "../../settings-shape.ts";
import { METRICS_CONTENT_TYPE } from "./render-metrics.ts";

/** A scrape that takes longer has been given up by Prometheus (scrape_timeout, default 10 s). */
const REQUEST_TIMEOUT_MS = 10_000;

export type AdminOptions = {
  /** Where to listen. */
  readonly address: ListenAddress;
  /** Returns the text of a scrape. */
  readonly readMetrics: () => Promise<string>;
  readonly onError: (error: Error) => void;
};

export type AdminListener = {
  /** Where it listens, `http://127.0.0.1:9464`. */
  readonly url: string;
  readonly close: () => Promise<void>;
};

/** Starts to listen. Throws `port_in_use`. Close it. */
export async function openAdminListener({ address, readMetrics, onError }: AdminOptions): Promise<AdminListener> {
  const app = fastify({ logger: false, requestTimeout: REQUEST_TIMEOUT_MS, forceCloseConnections: true });
  app.get("/metrics", async (_request, reply) =>
    reply
      .header("content-type", METRICS_CONTENT_TYPE)
      .header("cache-control", "no-store")
      .send(await readMetrics()),
  );
  app.setNotFoundHandler((_request, reply) => reply.code(404).type("text/plain").send("only GET /metrics is here\n"));
  app.setErrorHandler((error: Error, _request, reply) => {
    onError(error);
    return reply.code(500).type("text/plain").send("something went wrong here; it is in the server's log\n");
  });
  try {
    return { url: await app.listen({ ...address }), close: async () => app.close() };
  } catch (cause) {
    await app.close();
    throw describeListenError(cause, address);
  }
}

function describeListenError(cause: unknown, { host, port }: ListenAddress): unknown {
  const code = systemErrorCode(cause);
  const remedy = "give METRICS_ADMIN_LISTEN another address, or off";
  if (code === "EADDRINUSE") {
    return new PasserbyError("port_in_use", `admin port ${port} is in use: ${remedy}`, { cause });
  }
  if (code === "EACCES" || code === "EADDRNOTAVAIL") {
    return new PasserbyError("port_in_use", `cannot listen on ${host}:${port} for metrics: ${remedy}`, { cause });
  }
  return cause;
}
