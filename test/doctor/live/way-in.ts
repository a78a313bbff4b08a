/** A way to a port of this machine from an address of one's own: an edge tells clients apart by it. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export type WayIn = { readonly host: string; readonly port: number; readonly close: () => void };

/** Opens it; `from` is any address of 127.0.0.0/8. Close it. */
export async function openWayIn(port: number, from: string): Promise<WayIn> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const edge = connect({ host: "127.0.0.1", port, localAddress: from });
    for (const [one, other] of [
      [client, edge],
      [edge, client],
    ] as const) {
      sockets.add(one);
      one.on("error", () => other.destroy()).on("close", () => other.destroy());
      one.pipe(other);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    host: "127.0.0.1",
    port: address !== null && typeof address === "object" ? address.port : 0,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
