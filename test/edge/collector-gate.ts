/** A gate between the edge and the collector: passes on what comes, unless a request's query says what happens to it. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export type CollectorGate = {
  readonly address: string;
  /** First lines of the requests that were passed on. */
  readonly heard: readonly string[];
  /** While it is shut, every request is broken off. */
  readonly shut: (isShut: boolean) => void;
  readonly close: () => void;
};

/** `?gate=reset` breaks the connection off, `?gate=hang` is never answered. */
const FIRST_LINE = /^(?:GET|HEAD|POST|OPTIONS) \S+ HTTP\/1\.1/;
const WISH = /[?&]gate=(reset|hang)/;

/** Opens the gate to the collector of a URL. Close it. */
export async function openGate(collectorUrl: string): Promise<CollectorGate> {
  const { hostname, port } = new URL(collectorUrl);
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  let isShut = false;
  const server = createServer((edge) => {
    const collector = connect(Number(port), hostname);
    for (const [one, other] of [
      [edge, collector],
      [collector, edge],
    ] as const) {
      sockets.add(one);
      one.on("error", () => other.destroy()).on("close", () => other.destroy());
    }
    edge.on("data", (chunk) => {
      const [line = ""] = FIRST_LINE.exec(chunk.toString("latin1")) ?? [];
      const wish = WISH.exec(line)?.[1];
      if (isShut || wish === "reset") edge.resetAndDestroy();
      else if (wish === undefined) {
        if (line !== "") heard.push(line);
        collector.write(chunk);
      }
    });
    collector.on("data", (chunk) => edge.write(chunk));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    address: `127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`,
    heard,
    shut: (wanted) => {
      isShut = wanted;
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
