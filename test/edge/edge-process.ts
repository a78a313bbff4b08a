/** A real nginx with the files of deploy/edge, and a client that sees every header as often as it came. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request as requestPlain } from "node:http";
import { request } from "node:https";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { nginx } from "../means.ts";
import { canConnect, findFreePort } from "../support/free-port.ts";
import { DOMAIN, type EdgePlaces, nginxArgs, prepareEdge } from "./edge-files.ts";

const RETRY_MS = 20;

export type Asking = {
  readonly method?: string;
  /** The address that the client connects from: the whole of 127.0.0.0/8 is this machine. */
  readonly from?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};

export type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** How often a header came, by its name in small letters. */
  readonly count: (name: string) => number;
  readonly body: string;
};

export type ConnectingOptions = { readonly from?: string; readonly servername?: string };

export type RawOptions = { readonly from?: string; readonly isPlain?: boolean };

export type Edge = EdgePlaces & {
  readonly httpPort: number;
  readonly httpsPort: number;
  /** As browsers see it. */
  readonly origin: string;
  /** Asks over TLS, on a connection of its own. */
  readonly ask: (path: string, asking?: Asking) => Promise<Answer>;
  /** Asks over plain HTTP. */
  readonly askPlain: (path: string, asking?: Asking) => Promise<Answer>;
  /** Asks and returns the answer before its body has come. */
  readonly open: (path: string, asking?: Asking) => Promise<IncomingMessage>;
  /** A TLS connection to write anything to. */
  readonly connect: (options?: ConnectingOptions) => Promise<TLSSocket>;
  /** Sends bytes over TLS, or as they are, and returns what came until nginx closed. */
  readonly sendRaw: (bytes: string | Buffer, options?: RawOptions) => Promise<string>;
  /** The access log so far. */
  readonly readLog: () => readonly Record<string, unknown>[];
  /** What nginx has printed so far. */
  readonly printed: () => string;
  /** Makes nginx read its files anew, and waits until no worker is left that has not. */
  readonly reload: () => Promise<void>;
  /** Stops nginx and starts it again. */
  readonly restart: () => Promise<void>;
  /** Stops nginx and removes its folder. */
  readonly close: () => Promise<void>;
};

/** What asks it. */
export type EdgeClient = Pick<
  Edge,
  "httpPort" | "httpsPort" | "origin" | "ask" | "askPlain" | "open" | "connect" | "sendRaw"
>;

/** Starts the edge in front of a collector (`host:port`). Close it. */
export async function startEdge(collector: string, allowedOrigins: string): Promise<Edge> {
  const [httpPort, httpsPort] = [await findFreePort(), await findFreePort()];
  const places = prepareEdge(mkdtempSync(join(tmpdir(), "passerby-edge-")), {
    EDGE_COLLECTOR: collector,
    EDGE_HTTP_PORT: String(httpPort),
    EDGE_HTTPS_PORT: String(httpsPort),
    EDGE_PUBLIC_PORT: String(httpsPort),
    ALLOWED_ORIGINS: allowedOrigins,
  });
  let printed = "";
  const start = async (): Promise<ChildProcess> => {
    const started = spawn(nginx ?? "nginx", nginxArgs(places), { stdio: ["ignore", "ignore", "pipe"] });
    started.stderr.on("data", (chunk: Buffer) => (printed += chunk.toString()));
    while (!(await canConnect(httpsPort))) {
      if (started.exitCode !== null) throw new Error(`nginx ended: ${printed}`);
      await delay(RETRY_MS);
    }
    return started;
  };
  let child = await start();
  const stop = async (): Promise<void> => {
    const ended = once(child, "close");
    child.kill("SIGTERM");
    await ended;
  };
  const reloaded = async (): Promise<void> => {
    while (holdsSighup(child.pid)) await delay(RETRY_MS);
  };
  const listWorkers = (): readonly string[] =>
    readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim().split(" ");
  return {
    ...places,
    ...makeClient(places, httpPort, httpsPort),
    readLog: () => readLines(join(places.folder, "access.log")),
    printed: () => printed,
    reload: async () => {
      // An earlier one may not have begun yet.
      await reloaded();
      const old = listWorkers();
      child.kill("SIGHUP");
      await reloaded();
      while (listWorkers().some((worker) => old.includes(worker))) await delay(RETRY_MS);
    },
    restart: async () => {
      await stop();
      child = await start();
    },
    close: async () => {
      await stop();
      rmSync(places.folder, { recursive: true, force: true });
    },
  };
}

/**
 * Says whether a SIGHUP is still to be taken, or its work to be ended: nginx's master holds signals back while it works, and
 * lets them in only while it waits for one. Of the masks in `/proc/PID/status` (proc(5)) SIGHUP is the lowest bit.
 */
function holdsSighup(pid: number | undefined): boolean {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const masks = [...status.matchAll(/^(?:SigPnd|ShdPnd|SigBlk):\s+(\S+)$/gm)];
  return masks.some(([, mask = "0"]) => BigInt(`0x${mask}`) % 2n === 1n);
}

/** A client of what listens on these ports with that certificate. */
export function makeClient({ certificate }: EdgePlaces, httpPort: number, httpsPort: number): EdgeClient {
  const ca = readFileSync(certificate);
  const options = (path: string, { method, from = "127.0.0.1", body }: Asking) => ({
    host: "127.0.0.1",
    path,
    method: method ?? (body === undefined ? "GET" : "POST"),
    localAddress: from,
    agent: false as const,
  });
  const open = (path: string, asking: Asking = {}): Promise<IncomingMessage> => {
    const headers = { host: `${DOMAIN}:${httpsPort}`, ...asking.headers };
    const tls = { ...options(path, asking), port: httpsPort, servername: DOMAIN, ca };
    return answerTo(request({ ...tls, headers }), asking.body);
  };
  const openPlain = (path: string, asking: Asking = {}): Promise<IncomingMessage> => {
    const headers = { host: DOMAIN, ...asking.headers };
    return answerTo(requestPlain({ ...options(path, asking), port: httpPort, headers }), asking.body);
  };
  const connectPlain = (localAddress: string): Socket =>
    // A connection that nginx resets has ended; how is not what is looked at.
    connect({ host: "127.0.0.1", port: httpsPort, localAddress }).on("error", () => undefined);
  const connectSecure = async ({ from = "127.0.0.1", servername = DOMAIN }: ConnectingOptions): Promise<TLSSocket> => {
    const socket = connectTls({ socket: connectPlain(from), servername, ca });
    await once(socket, "secureConnect");
    return socket.on("error", () => undefined);
  };
  return {
    httpPort,
    httpsPort,
    origin: `https://${DOMAIN}:${httpsPort}`,
    open,
    ask: async (path: string, asking?: Asking) => readAnswer(await open(path, asking)),
    askPlain: async (path: string, asking?: Asking) => readAnswer(await openPlain(path, asking)),
    connect: (connecting: ConnectingOptions = {}) => connectSecure(connecting),
    sendRaw: async (bytes: string | Buffer, { from = "127.0.0.1", isPlain = false }: RawOptions = {}) => {
      const socket = isPlain ? connectPlain(from) : await connectSecure({ from });
      socket.write(bytes);
      return readToEnd(socket);
    },
  };
}

function answerTo(sent: ClientRequest, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.on("response", resolve).on("error", reject).end(body);
  });
}

async function readAnswer(answer: IncomingMessage): Promise<Answer> {
  let body = "";
  for await (const chunk of answer.setEncoding("utf8")) body += chunk;
  const names = answer.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    count: (name) => names.filter((one) => one === name).length,
    body,
  };
}

/** Returns what comes until the other side has closed or reset. */
export function readToEnd(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return new Promise((resolve) => socket.once("close", () => resolve(text)));
}

/** Reads a log of JSON lines. */
export function readLines(path: string): readonly Record<string, unknown>[] {
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line): Record<string, unknown> => JSON.parse(line));
}
