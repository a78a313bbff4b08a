/** A gate that speaks HTTP on both sides: passes every request on, and changes the answers that it is told to. */
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";

/** An answer on its way: headers by name in small letters, one value a line. */
export type PassingAnswer = {
  readonly method: string;
  readonly path: string;
  /** Headers of the request. */
  readonly asked: Readonly<Record<string, string | readonly string[] | undefined>>;
  status: number;
  readonly headers: Map<string, string[]>;
  body: Buffer;
};

export type AnswerGate = {
  readonly port: number;
  /** Where requests go to, and what is done to their answers; both may be set anew at any time. */
  target: string;
  change: (answer: PassingAnswer) => void;
  readonly close: () => void;
};

/** Opens a gate to a server (`http://host:port`). With a certificate it speaks TLS to those who come. Close it. */
export async function openAnswerGate(
  target: string,
  tls?: { readonly key: Buffer; readonly cert: Buffer },
): Promise<AnswerGate> {
  const gate = { target, change: (_: PassingAnswer): void => undefined };
  const pass = (asked: IncomingMessage, response: ServerResponse): void => {
    const sent = request(gate.target + (asked.url ?? "/"), {
      method: asked.method,
      headers: asked.headers,
      agent: false,
    });
    asked.pipe(sent);
    sent.on("error", () => response.destroy());
    // Who asked may have gone, or the answer may break off: the one who waits is told by the end of the connection.
    sent.on("response", (answer) => hand(asked, answer, response).catch(() => response.destroy()));
  };
  const hand = async (asked: IncomingMessage, answer: IncomingMessage, response: ServerResponse): Promise<void> => {
    const passing = await readPassing(asked, answer);
    gate.change(passing);
    response.sendDate = false;
    response.writeHead(
      passing.status,
      [...passing.headers].flatMap(([name, values]) => values.flatMap((value) => [name, value])),
    );
    response.end(asked.method === "HEAD" ? undefined : passing.body);
  };
  const server: Server = tls === undefined ? createServer(pass) : createSecureServer(tls, pass);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return Object.assign(gate, {
    port: address !== null && typeof address === "object" ? address.port : 0,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  });
}

async function readPassing(asked: IncomingMessage, answer: IncomingMessage): Promise<PassingAnswer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  const headers = new Map<string, string[]>();
  for (let at = 0; at < answer.rawHeaders.length; at += 2) {
    const name = `${answer.rawHeaders[at]}`.toLowerCase();
    // What is changed may have another length, and each side has its own connection.
    if (["content-length", "transfer-encoding", "connection", "keep-alive"].includes(name)) continue;
    headers.set(name, [...(headers.get(name) ?? []), `${answer.rawHeaders[at + 1]}`]);
  }
  return {
    ...{ method: asked.method ?? "", path: asked.url ?? "", asked: asked.headers },
    ...{ status: answer.statusCode ?? 0, headers, body: Buffer.concat(chunks) },
  };
}
