/** Passes a request that is not a worker's on to the main process, over a Unix socket, and its answer back. */
import { Agent, type IncomingMessage, type ServerResponse, request as sendRequest } from "node:http";

import { socketPath } from "../../log/control-channel.ts";

/** Name of the socket in the data directory on which the main process answers what is not a worker's. */
export const MAIN_SOCKET = ".main.sock";

/** Header in which the main process is told the address of the connection's other end. */
export const PEER_HEADER = "x-passerby-peer";

export type PassOn = {
  readonly pass: (request: IncomingMessage, response: ServerResponse) => void;
  readonly close: () => void;
};

/** Makes the way to the main process. Bodies and answers are piped, so that an event stream goes through, too. */
export function createPassOn(dataDir: string): PassOn {
  const { path: mainSocket, close } = socketPath(dataDir, MAIN_SOCKET);
  const agent = new Agent({ keepAlive: true });
  const pass = (request: IncomingMessage, response: ServerResponse): void => {
    const headers = { ...request.headers, [PEER_HEADER]: request.socket.remoteAddress ?? "" };
    const { method, url: path } = request;
    const onward = sendRequest({ socketPath: mainSocket, agent, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
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

const UNAVAILABLE = JSON.stringify({
  ok: false,
  error: "store_unavailable",
  message: "the main process does not answer: try again",
});
