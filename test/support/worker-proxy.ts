/** The Worker of docs/guide/first-party.md, run by Node instead of Cloudflare: a fetch handler behind a server of ours. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { readGuideCode } from "./guide-code.ts";
import { type ProxiedSite, RECIPES, writePage } from "./proxies.ts";

type Worker = { readonly fetch: (request: Request) => Promise<Response> };

/** Runs the Worker's function in this process; the address of a connection is what Cloudflare would say. */
export async function startWorker(collectorUrl: string): Promise<ProxiedSite> {
  const code = readGuideCode(RECIPES, "Cloudflare", "js").replace("https://metrics.example.com", collectorUrl);
  const module: { default: Worker } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  const server = createServer((request, response) => void answer(module.default, request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    origin: `http://127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(worker: Worker, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url === "/") {
    response.setHeader("content-type", "text/html").end(writePage());
    return;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const { host, connection: _connection, "content-length": _length, ...headers } = request.headers;
  const entries = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]);
  const asked = new Request(`http://${host}${request.url}`, {
    method: request.method ?? "GET",
    headers: [...entries, ["cf-connecting-ip", request.socket.remoteAddress ?? ""]],
    ...(request.method === "POST" && { body: Buffer.concat(chunks) }),
  });
  const given = await worker.fetch(asked);
  const body = Buffer.from(await given.arrayBuffer());
  const kept = [...given.headers].filter(([name]) => !/^(content-encoding|content-length|transfer-)/.test(name));
  response.writeHead(given.status, Object.fromEntries(kept)).end(body);
}
