/** The asking side of the line to another worker: hands events over, and learns what became of each. */
import { connect, type Socket } from "node:net";
import { PasserbyError } from "../../errors.ts";
import type { AcceptedEvent } from "../../event.ts";
import { socketPath } from "../../log/control-channel.ts";
import { encodeLines } from "../../log/encode-line.ts";
import { joinWrites, onLines, type PeerOutcome, peerSocketName, readObject } from "./peer-wire.ts";

type Connection = { readonly socket: Socket; readonly send: (text: string) => void };

/** Connects when it is first used, and again after the other was gone. */
export class PeerLine {
  private readonly dataDir: string;
  private readonly worker: number;
  private readonly maxBytes: number;
  private readonly waiters = new Map<number, PromiseWithResolvers<PeerOutcome>>();
  private connection: Connection | undefined;
  private nextId = 0;

  /** `worker` is the other's number; past `maxBytes` that wait to be sent, requests are refused. */
  constructor(dataDir: string, worker: number, maxBytes: number) {
    this.dataDir = dataDir;
    this.worker = worker;
    this.maxBytes = maxBytes;
  }

  /** Has the other worker store events; rejects with `log_unavailable` when it is not there, or ends before it answers. */
  store(events: readonly AcceptedEvent[]): Promise<PeerOutcome> {
    this.connection ??= this.connect();
    if (this.connection.socket.writableLength > this.maxBytes) {
      const reason = `nothing was stored: worker ${this.worker} is behind with its work; try again`;
      return Promise.reject(new PasserbyError("log_unavailable", reason));
    }
    const waiter = Promise.withResolvers<PeerOutcome>();
    const id = this.nextId++;
    this.waiters.set(id, waiter);
    const lines = encodeLines(events, { writer: "peer", start: "peer", seq: 0 });
    this.connection.send(`${JSON.stringify({ id, count: events.length })}\n${lines}`);
    return waiter.promise;
  }

  close(): void {
    this.connection?.socket.destroy();
  }

  private connect(): Connection {
    const { path, close } = socketPath(this.dataDir, peerSocketName(this.worker));
    const socket = connect(path);
    onLines(socket, (line) => this.take(readObject(line)));
    socket.on("error", () => undefined); // Told by `close`, which follows.
    socket.once("close", () => {
      close();
      this.connection = undefined;
      const waiters = [...this.waiters.values()];
      this.waiters.clear();
      // It may have stored them and ended before it could say so.
      const reason = `worker ${this.worker} is being restarted, so some events may not be stored: send all again`;
      for (const { reject } of waiters) reject(new PasserbyError("log_unavailable", reason));
    });
    return { socket, send: joinWrites(socket) };
  }

  private take({ id, stored, file, error }: Readonly<Record<string, unknown>>): void {
    const waiter = this.waiters.get(Number(id));
    this.waiters.delete(Number(id));
    waiter?.resolve({
      stored: [...String(stored)].map((digit) => digit === "1"),
      file: typeof file === "string" ? file : null,
      ...(typeof error === "string" && { error }),
    });
  }
}
