/** Passes a request that is not a worker's on to the main process, over a Unix socket, and its answer back. */
import { Agent, type IncomingMessage, type ServerResponse, request as sendRequest } from "node:http";
import { pipeline } from "node:stream";
import { socketPath } from "../../log/owner/control-channel.ts";

/** Name of the socket in the data directory on which the main process answers what is not a worker's. */
export const MAIN_SOCKET = ".main.sock";

/** Header in which the main process is told the address of the connection's other end. */
export const PEER_HEADER = "x-passerby-peer";

export type PassOn = {
  readonly pass: (request: IncomingMessage, response: ServerResponse) => void;
  readonly close: () => void;
};

/** Headers of one connection, which say nothing of the next (RFC 9110, section 7.6.1). */
const OF_A_CONNECTION: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
]);

/** Makes the way to the main process. Bodies and answers are piped, so that an event stream goes through, too. */
export function createPassOn(dataDir: string): PassOn {
  const { path: mainSocket, close } = socketPath(dataDir, MAIN_SOCKET);
  const agent = new Agent({ keepAlive: true });
  const pass = (request: IncomingMessage, response: ServerResponse): void => {
    // Of whatever method: a body without a frame would be read as the next request.
    const frame = request.headers["transfer-encoding"] === undefined ? {} : { "transfer-encoding": "chunked" };
    const headers = { ...ofMessage(request), ...frame, [PEER_HEADER]: request.socket.remoteAddress ?? "" };
    const { method, url: path } = request;
    const onward = sendRequest({ socketPath: mainSocket, agent, method, path, headers }, (answer) => {
      // A stream says that nothing follows it; a client that was not told would wait for more.
      const last = answer.headers.connection === "close" ? { connection: "close" } : {};
      response.writeHead(answer.statusCode ?? 502, { ...ofMessage(answer), ...last });
      // An answer that breaks off breaks off for the client, too, and a client that leaves ends it.
      pipeline(answer, response, () => undefined);
    });
    onward.on("error", () => {
      if (response.headersSent) response.destroy();
      else response.writeHead(503, { "retry-after": "1", "content-type": "application/json" }).end(UNAVAILABLE);
    });
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  };
  const closeAll = (): void => {
    agent.destroy();
    close();
  };
  return { pass, close: closeAll };
}

/** The headers of a message but for those of its connection. */
function ofMessage({ headers }: IncomingMessage): IncomingMessage["headers"] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_A_CONNECTION.has(name)));
}

const UNAVAILABLE = JSON.stringify({
  ok: false,
  error: "store_unavailable",
  message: "the main process does not answer: try again",
});
