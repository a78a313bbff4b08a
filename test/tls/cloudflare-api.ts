/** The few calls of Cloudflare's API that certbot makes, over one zone, whose TXT records go to the name server. */
import { createServer, type IncomingMessage } from "node:http";
import { Compile } from "typebox/compile";
import type { NameServer } from "./authority.ts";
import { LOCAL } from "./tls-places.ts";

const record = Compile({
  type: "object",
  required: ["type", "name", "content"],
  properties: { type: { type: "string" }, name: { type: "string" }, content: { type: "string" } },
} as const);

type Reply = { readonly status: number; readonly result: unknown };

export type CloudflareApi = {
  readonly url: string;
  /** Method and path of each call so far. */
  readonly calls: readonly string[];
  readonly close: () => void;
};

/** Starts it for one zone and one token. Close it. */
export async function startCloudflare(names: NameServer, zone: string, token: string): Promise<CloudflareApi> {
  const calls: string[] = [];
  const records = new Map<string, { readonly name: string; readonly content: string }>();
  const act = async (method: string, { pathname, searchParams }: URL, body: string): Promise<Reply> => {
    calls.push(`${method} ${pathname}`);
    if (pathname === "/zones") {
      return { status: 200, result: searchParams.get("name") === zone ? [{ id: "zone-1", name: zone }] : [] };
    }
    const [, id] = /^\/zones\/zone-1\/dns_records(?:\/(.+))?$/.exec(pathname) ?? [];
    if (method === "POST") {
      const added: unknown = JSON.parse(body);
      if (!record.Check(added) || added.type !== "TXT") return { status: 400, result: null };
      const key = `record-${records.size}`;
      records.set(key, added);
      await names.tell("/set-txt", { host: `${added.name}.`, value: added.content });
      return { status: 200, result: { id: key } };
    }
    if (method === "DELETE" && id !== undefined) {
      await names.tell("/clear-txt", { host: `${records.get(id)?.name}.` });
      return { status: 200, result: { id } };
    }
    const found = [...records].filter(([, { name }]) => name === searchParams.get("name"));
    return { status: 200, result: found.map(([key]) => ({ id: key })) };
  };
  const server = createServer(async (asked, answer) => {
    const isKnown = asked.headers.authorization === `Bearer ${token}`;
    const reply = isKnown && (await act(asked.method ?? "", new URL(asked.url ?? "", "http://api"), await read(asked)));
    const { status, result } = reply || { status: 403, result: null };
    const errors = status === 200 ? [] : [{ code: 9109, message: "Invalid access token" }];
    answer.writeHead(status, { "content-type": "application/json" });
    answer.end(JSON.stringify({ success: status === 200, errors, messages: [], result }));
  }).listen(0, LOCAL);
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  return { url: `http://${LOCAL}:${port}`, calls, close: () => server.close().closeAllConnections() };
}

async function read(asked: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of asked.setEncoding("utf8")) body += chunk;
  return body;
}
