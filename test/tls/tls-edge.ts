/** The edge as docker-compose.tls.yml starts it: waits for a certificate, watches for another, and is nginx. */
import { writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { request } from "node:https";
import { join } from "node:path";
import { connect } from "node:tls";
import { DOMAIN, type EdgePlaces, nginxArgs, prepareEdge } from "../edge/edge-files.ts";
import { nginx } from "../means.ts";
import { findFreePort } from "../support/free-port.ts";
import { LOCAL, type Places, type Runner } from "./tls-places.ts";

const ENTRY = ["sh", "-c", "wait-for-certificate.sh && reload-on-renewal.sh && exec nginx"];

export type TlsEdge = Runner & {
  readonly files: EdgePlaces;
  readonly httpsPort: number;
  /** What the containers are told of each other. */
  readonly env: Readonly<Record<string, string>>;
  /** The serial of the certificate that is served, where a client that trusts this root takes it; else why it does not. */
  readonly serial: (root: string) => Promise<string>;
  /** Asks, over a connection of its own, and returns status and body. */
  readonly ask: () => Promise<string>;
};

/**
 * Starts the edge, which answers challenges at a port of HTTP, in front of a collector's port: as the container does, or by
 * another command.
 */
export async function startTlsEdge(
  places: Places,
  httpPort: number,
  collectorPort: number,
  command: readonly string[] = ENTRY,
): Promise<TlsEdge> {
  const httpsPort = await findFreePort();
  const files = prepareEdge(places.folder, {
    ALLOWED_ORIGINS: "https://example.com",
    EDGE_COLLECTOR: `${LOCAL}:${collectorPort}`,
    EDGE_HTTP_PORT: String(httpPort),
    EDGE_HTTPS_PORT: String(httpsPort),
    EDGE_CERTIFICATE: places.file,
    EDGE_CERTIFICATE_KEY: places.file,
    EDGE_ACME_DIR: places.acme,
  });
  const words = nginxArgs(files).map((word) => `'${word}'`);
  writeFileSync(join(places.bin, "nginx"), `#!/bin/sh\nexec ${nginx} ${words.join(" ")} "$@"\n`, { mode: 0o755 });
  places.hand();
  const env = {
    EDGE_DOMAIN: DOMAIN,
    EDGE_CERTIFICATE: places.file,
    EDGE_ACME_DIR: places.acme,
    EDGE_URL: `http://${LOCAL}:${httpPort}`,
    EDGE_TLS: `${LOCAL}:${httpsPort}`,
  };
  const runner = places.start(command, { ...env, EDGE_RELOAD_SECONDS: "1" });
  return {
    ...runner,
    files,
    httpsPort,
    env,
    serial: (root) => readSerial(httpsPort, root),
    ask: () => ask(httpsPort),
  };
}

/** Something to stand behind the edge that keeps a request waiting until it is told to answer. */
export async function startSlowCollector(): Promise<{ port: number; answer: () => void; close: () => void }> {
  let waiting: ServerResponse | undefined;
  const server = createServer((_asked, answer) => (waiting = answer)).listen(0, LOCAL);
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  return {
    port: address !== null && typeof address === "object" ? address.port : 0,
    answer: () => {
      if (waiting === undefined) throw new Error("no request has come");
      waiting.end("whole");
    },
    close: () => server.close().closeAllConnections(),
  };
}

function readSerial(port: number, ca: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: LOCAL, port, servername: DOMAIN, ca }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

function ask(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host: LOCAL, port, servername: DOMAIN, headers: { host: DOMAIN }, agent: false as const };
    // Whom it trusts is not what is asked here.
    const asked = request({ ...options, path: "/api/metrics/health", rejectUnauthorized: false }, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
      answer.on("end", () => resolve(`${answer.statusCode} ${body}`)).on("error", reject);
    });
    asked.on("error", reject).end();
  });
}
