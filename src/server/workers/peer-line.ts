/** The asking side of the line to another worker: hands events over, and learns what became of each. */
import { connect, type Socket } from "node:net";
import { PasserbyError } from "../../errors.ts";
import type { AcceptedEvent } from "../../event.ts";
import { socketPath } from "../../log/owner/control-channel.ts";
import { encodeLines } from "../../log/write/encode-line.ts";
import { joinWrites, onLines, type PeerOutcome, peerSocketName, readObject } from "./peer-wire.ts";

export type PeerLineOptions = {
  readonly dataDir: string;
  /** The other's number. */
  readonly worker: number;
  /** Past so many bytes that wait to be sent, requests are refused. */
  readonly maxBytes: number;
  /** Milliseconds after which one that has not answered is taken to hang. Default: 10,000. */
  readonly patienceMs?: number;
};

type Waiter = PromiseWithResolvers<PeerOutcome> & { readonly since: number };
type Connection = { readonly socket: Socket; readonly send: (text: string) => void };

/** Connects when it is first used, and again after the other was gone. */
export class PeerLine {
  private readonly options: Required<PeerLineOptions>;
  /** The one that has waited longest comes first. */
  private readonly waiters = new Map<number, Waiter>();
  private connection: Connection | undefined;
  private nextId = 0;

  constructor(options: PeerLineOptions) {
    this.options = { patienceMs: 10_000, ...options };
  }

  /**
   * Has the other worker store events; rejects with `log_unavailable` when it is not there, or ends or hangs before it
   * answers.
   */
  store(events: readonly AcceptedEvent[]): Promise<PeerOutcome> {
    this.connection ??= this.connect();
    const { worker, maxBytes } = this.options;
    if (this.connection.socket.writableLength > maxBytes) {
      const reason = `nothing was stored: worker ${worker} is behind with its work; try again`;
      return Promise.reject(new PasserbyError("log_unavailable", reason));
    }
    const waiter = { ...Promise.withResolvers<PeerOutcome>(), since: performance.now() };
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
    const { dataDir, worker, patienceMs } = this.options;
    const { path, close } = socketPath(dataDir, peerSocketName(worker));
    const socket = connect(path);
    const timer = setInterval(() => {
      const [longest] = this.waiters.values();
      if (longest !== undefined && performance.now() - longest.since > patienceMs) socket.destroy();
    }, patienceMs / 10);
    onLines(socket, (line) => this.take(readObject(line)));
    socket.on("error", () => undefined); // Told by `close`, which follows.
    socket.once("close", () => {
      close();
      clearInterval(timer);
      this.connection = undefined;
      const waiters = [...this.waiters.values()];
      this.waiters.clear();
      // It may have stored them and ended before it could say so.
      const reason = `worker ${worker} is being restarted or hangs, so some events may not be stored: send all again`;
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
