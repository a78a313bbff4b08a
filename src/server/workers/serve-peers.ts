/** The answering side of the line between workers: stores what others hand over, and says what became of each event. */
import { chmodSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import type { AcceptedEvent } from "../../event.ts";
import { socketPath } from "../../log/owner/control-channel.ts";
import { decodeLine, isStoredEvent } from "../../log/read/decode-line.ts";
import { joinWrites, onLines, peerSocketName, readObject, type StoreForPeer } from "./peer-wire.ts";

/** Answers the other workers with `store`; returns what ends that. Throws the system's error. */
export async function servePeers(dataDir: string, worker: number, store: StoreForPeer): Promise<() => void> {
  const name = peerSocketName(worker);
  rmSync(join(dataDir, name), { force: true });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    answerPeer(socket, store);
  });
  const { path, close } = socketPath(dataDir, name);
  server.once("close", close);
  // Without `exclusive` cluster would have the main process listen, and hand a connection to a worker that was just killed:
  // nobody would ever answer what comes over it.
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen({ path, exclusive: true }, resolve));
  chmodSync(join(dataDir, name), 0o600);
  return () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
}

function answerPeer(socket: Socket, store: StoreForPeer): void {
  const send = joinWrites(socket);
  let request: { readonly id: number; count: number; readonly events: AcceptedEvent[] } | undefined;
  const answer = async (id: number, events: readonly AcceptedEvent[]): Promise<void> => {
    const { stored, ...rest } = await store(events);
    send(`${JSON.stringify({ id, stored: stored.map(Number).join(""), ...rest })}\n`);
  };
  socket.on("error", () => undefined); // The one that asked has ended; what it asked for is stored all the same.
  onLines(socket, (line) => {
    if (request === undefined) {
      const head = readObject(line);
      request = { id: Number(head["id"]), count: Number(head["count"]), events: [] };
    } else {
      const event = decodeLine(line);
      if (!isStoredEvent(event)) return void socket.destroy();
      request.events.push(event);
    }
    if (request.events.length < request.count) return;
    void answer(request.id, request.events);
    request = undefined;
  });
}
