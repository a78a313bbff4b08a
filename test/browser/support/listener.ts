/** Small things that the test servers share: listening on a free port, and reading a body. */
import type { IncomingMessage, Server } from "node:http";

/** Listens on a free port of a host name; returns the origin. */
export async function listen(server: Server, host: string): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the test server has no port");
  return `http://${host}:${address.port}`;
}

/** Reads a request's body as UTF-8 text. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
