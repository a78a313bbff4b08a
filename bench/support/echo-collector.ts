/**
 * A site whose pages carry one tracker each, and a collector of another origin that is up, answers every tracker as its
 * own server would, and remembers what came.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Tracker } from "./trackers.ts";

export type Site = {
  /** Address of the page with a tracker; its button `#close` tracks `?event=…`, and its link `#leave` leads away as well. */
  readonly pageOf: (tracker: Tracker, event?: string) => string;
  /** Settles when something that matches has come in a request; rejects after 10 s. */
  readonly arrival: (pattern: RegExp) => Promise<void>;
  readonly hasArrived: (text: string) => boolean;
  /** Forgets what came. */
  readonly forget: () => void;
  readonly close: () => void;
};

/** What the trackers ask besides sending events, and what they need to hear. */
const ANSWERS: readonly (readonly [path: RegExp, status: number, body: string])[] = [
  [/^\/api\/metrics\/config/, 200, '{"enabled":true,"sample_rate":null,"max_batch":50,"flush_ms":5000,"u":1}'],
  [/^\/api\/metrics\/event/, 202, '{"ok":true,"stored":1,"file":"metrics.jsonl"}'],
  [/^\/api\/event/, 202, "ok"],
  [/^\/flags/, 200, '{"flags":{},"errorsWhileComputingFlags":false}'],
  [/^\/array\/.*config\.js/, 200, ""],
  [/^\/array\/.*config/, 200, '{"supportedCompression":["gzip-js"]}'],
  [/./, 200, '{"status":1}'],
];

/** Starts both; scripts are served from a folder. */
export async function startSite(folder: string, trackers: readonly Tracker[]): Promise<Site> {
  const bodies: string[] = [];
  const waiting = new Set<() => void>();
  const collector = createServer(async (request, response) => {
    bodies.push(await readText(request));
    answer(request, response);
    for (const look of waiting) look();
  });
  const collectorUrl = await listen(collector);
  const pages = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const isScript = pathname.endsWith(".js");
    const tracker = trackers[Number(pathname.slice(1))];
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html; charset=utf-8");
    if (isScript) response.end(readFileSync(join(folder, pathname)));
    else response.end(tracker ? writePage(tracker, collectorUrl) : "<!doctype html><title>Elsewhere</title>");
  });
  const origin = await listen(pages);

  return {
    pageOf: (tracker, event = "") => `${origin}/${trackers.indexOf(tracker)}?event=${event}`,
    arrival: (pattern) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`nothing like ${pattern} has come`)), 10_000);
        const look = (): void => {
          if (!bodies.some((body) => pattern.test(body))) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    hasArrived: (text) => bodies.some((body) => body.includes(text)),
    forget: () => bodies.splice(0),
    close: () => {
      for (const server of [collector, pages]) server.close().closeAllConnections();
    },
  };
}

async function listen(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return `http://127.0.0.1:${address.port}`;
}

/** Reads a body as text: as it is, or gzip, or base64 in a form, as the trackers send it. */
async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  // A request that breaks off is one that has not come.
  try {
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    if (body[0] === 0x1f && body[1] === 0x8b) return gunzipSync(body).toString();
    const text = body.toString();
    if (!text.startsWith("data=")) return text;
    return Buffer.from(decodeURIComponent(text.slice(5)), "base64").toString();
  } catch {
    return "";
  }
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { origin = "*", "access-control-request-headers": headers = "" } = request.headers;
  response.setHeader("access-control-allow-origin", origin);
  response.setHeader("access-control-allow-headers", headers);
  response.setHeader("access-control-allow-credentials", "true");
  const [, status = 404, body] = ANSWERS.find(([path]) => path.test(request.url ?? "")) ?? [];
  response.setHeader("content-type", request.url?.includes(".js") ? "text/javascript" : "application/json");
  response.writeHead(request.method === "OPTIONS" ? 204 : status).end(body);
}

function writePage({ tags, trackCall }: Tracker, collectorUrl: string): string {
  const track = `const name = new URLSearchParams(location.search).get("event"); ${trackCall}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,"><title>A page</title>
${tags(collectorUrl)}
</head><body><h1>A page</h1><button id="close" onclick='${track}'>Track</button>
<a id="leave" href="/elsewhere" onclick='${track}'>Track and leave</a></body></html>`;
}
