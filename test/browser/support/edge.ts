/**
 * What stands between a browser and the collector in these tests: it passes everything through, remembers what the
 * browser asked, and can answer in the collector's place as an outage, a limit or an operator would.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { listen, readBody } from "./listener.ts";

/** A request as the browser made it; `at` is `performance.now()` of this process. */
export type SeenRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  readonly at: number;
};

/** A batch of events as a page sent it, with how many the page had to give up before. */
export type SeenBatch = {
  readonly at: number;
  readonly events: readonly Readonly<Record<string, unknown>>[];
  readonly lost: number;
};

/** What happens in the collector's place: an answer, none while the connection stays open, or a broken connection. */
export type Outage = RefusalAnswer | "hang" | "reset";
type RefusalAnswer = { readonly status: number; readonly headers?: Readonly<Record<string, string>> };

export type Edge = {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
  /** Requests that sent events, with what they held. */
  readonly posts: () => readonly SeenBatch[];
  /** How many requests are being answered at this moment; one that hangs is not. */
  readonly underWay: () => number;
  /** Requests for the run-time config. */
  readonly configRequests: () => readonly SeenRequest[];
  /** Lays values over the collector's run-time config, as an operator would set them; every answer names the new one. */
  readonly setConfig: (values: Readonly<Record<string, unknown>>) => void;
  /** Lets requests whose path begins so fail; undefined ends that. */
  readonly fail: (path: string, outage: Outage | undefined) => void;
  readonly close: () => Promise<void>;
};

/** Starts an edge in front of a collector. */
export async function startEdge(collectorUrl: string): Promise<Edge> {
  const seen: SeenRequest[] = [];
  const outages = new Map<string, Outage>();
  let config: Readonly<Record<string, unknown>> | undefined;
  let underWay = 0;

  const server: Server = createServer(async (request, response) => {
    const path = request.url ?? "/";
    underWay += 1;
    const body = await readBody(request);
    seen.push({ method: request.method ?? "", path, headers: request.headers, body, at: performance.now() });
    const outage = [...outages].find(([prefix]) => path.startsWith(prefix))?.[1];
    // A page may ask on when its test is over and the collector has gone.
    if (!outage) await passOn({ request, response, body, collectorUrl, config }).catch(() => request.socket.destroy());
    else if (outage === "reset") request.socket.destroy();
    else if (outage !== "hang") sendOutage(request, response, outage);
    underWay -= 1;
  });
  const url = await listen(server, "127.0.0.1");
  return {
    url,
    seen,
    posts: () => seen.filter(({ method }) => method === "POST").map(({ at, body }) => ({ ...JSON.parse(body), at })),
    underWay: () => underWay,
    configRequests: () => seen.filter(({ path }) => path === "/api/metrics/config"),
    setConfig: (values) => {
      config = { ...config, ...values };
    },
    fail: (path, outage) => {
      if (outage) outages.set(path, outage);
      else outages.delete(path);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function sendOutage(request: IncomingMessage, response: ServerResponse, outage: RefusalAnswer): void {
  const cors = {
    "access-control-allow-origin": request.headers.origin ?? "",
    "access-control-expose-headers": "Retry-After, ETag, Passerby-Config",
  };
  response.writeHead(outage.status, { ...cors, ...outage.headers }).end('{"ok":false}');
}

type Passage = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: string;
  readonly collectorUrl: string;
  readonly config: Readonly<Record<string, unknown>> | undefined;
};

async function passOn({ request, response, body, collectorUrl, config }: Passage): Promise<void> {
  const { host: _host, connection: _connection, "content-length": _length, ...headers } = request.headers;
  // "Not modified" would bring back the values that others are laid over.
  if (config) delete headers["if-none-match"];
  const answer = await fetch(`${collectorUrl}${request.url}`, {
    method: request.method ?? "GET",
    headers: Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
    ...(body !== "" && { body }),
  });
  const answered = new Map(
    [...answer.headers].filter(([name]) => !/^(content-|connection|keep-alive|transfer-)/.test(name)),
  );
  answered.set("content-type", answer.headers.get("content-type") ?? "text/plain");
  let text = await answer.text();
  if (config) {
    const tag = `"${Buffer.from(JSON.stringify(config)).toString("base64url")}"`;
    answered.set("passerby-config", tag);
    if (request.url === "/api/metrics/config" && text !== "") {
      text = JSON.stringify({ ...JSON.parse(text), ...config });
      answered.set("etag", tag);
    }
  }
  response.writeHead(answer.status, [...answered].flat());
  response.end([204, 304].includes(answer.status) ? undefined : text);
}
