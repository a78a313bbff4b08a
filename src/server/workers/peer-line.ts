/**
 * The line between two workers: one connection over a Unix socket in the data directory, over which one hands events to
 * the other, whose ids they are, and is told what became of each. What is sent in one turn of the event loop goes out in one write.
 *
 *   request  {"id":1,"count":2} and so many lines of events, as in the log
 *   answer   {"id":1,"stored":"10","file":"metrics.w2.jsonl"}: one digit an event, 0 for a duplicate, or {"id":1,"error":"…"}
 */
import { chmodSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { describeError, PasserbyError } from "../../errors.ts";
import type { AcceptedEvent } from "../../event.ts";
import { socketPath } from "../../log/control-channel.ts";
import { decodeLine, isStoredEvent } from "../../log/decode-line.ts";
import { encodeLines } from "../../log/encode-line.ts";

/** What became of the events of a request, in their order. */
export type PeerOutcome = { readonly stored: readonly boolean[]; readonly file: string | null };

export type StoreForPeer = (events: readonly AcceptedEvent[]) => Promise<PeerOutcome>;

/** Returns the name of a worker's socket in the data directory. */
export function peerSocketName(worker: number): string {
  return `.worker-${worker}.sock`;
}

/** Answers the other workers with `store`. Throws the system's error. */
export async function servePeers(dataDir: string, worker: number, store: StoreForPeer): Promise<Server> {
  const name = peerSocketName(worker);
  rmSync(join(dataDir, name), { force: true });
  const server = createServer((socket) => answerPeer(socket, store));
  const { path, close } = socketPath(dataDir, name);
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(path, resolve));
  chmodSync(join(dataDir, name), 0o600);
  server.once("close", close);
  return server;
}

function answerPeer(socket: Socket, store: StoreForPeer): void {
  const send = joinWrites(socket);
  let request: { readonly id: number; count: number; readonly events: AcceptedEvent[] } | undefined;
  const answer = async (id: number, events: readonly AcceptedEvent[]): Promise<void> => {
    try {
      const { stored, file } = await store(events);
      send(`${JSON.stringify({ id, stored: stored.map(Number).join(""), file })}\n`);
    } catch (error) {
      send(`${JSON.stringify({ id, error: describeError(error) })}\n`);
    }
  };
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

type Waiter = PromiseWithResolvers<PeerOutcome>;

/** The asking side; connects when it is first used and again after the other was gone. */
export class PeerLine {
  private readonly dataDir: string;
  private readonly worker: number;
  private readonly maxBytes: number;
  private readonly waiters = new Map<number, Waiter>();
  private connection: { readonly socket: Socket; readonly send: (text: string) => void } | undefined;
  private nextId = 0;

  /** `worker` is the other's number; past `maxBytes` that wait to be sent, requests are refused. */
  constructor(dataDir: string, worker: number, maxBytes: number) {
    this.dataDir = dataDir;
    this.worker = worker;
    this.maxBytes = maxBytes;
  }

  /** Has the other worker store events; rejects with `log_unavailable` when it cannot, or does not answer. */
  store(events: readonly AcceptedEvent[]): Promise<PeerOutcome> {
    this.connection ??= this.connect();
    if (this.connection.socket.writableLength > this.maxBytes) {
      return Promise.reject(unavailable(`worker ${this.worker} is behind with its work`));
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

  private connect(): NonNullable<PeerLine["connection"]> {
    const { path, close } = socketPath(this.dataDir, peerSocketName(this.worker));
    const socket = connect(path);
    socket.once("connect", close);
    onLines(socket, (line) => this.take(readObject(line)));
    socket.on("error", () => undefined); // Told by `close`, which follows.
    socket.once("close", () => {
      this.connection = undefined;
      const waiters = [...this.waiters.values()];
      this.waiters.clear();
      for (const { reject } of waiters) reject(unavailable(`worker ${this.worker} was restarted`));
    });
    return { socket, send: joinWrites(socket) };
  }

  private take(answer: Readonly<Record<string, unknown>>): void {
    const id = Number(answer["id"]);
    const waiter = this.waiters.get(id);
    this.waiters.delete(id);
    const { stored, file, error } = answer;
    if (typeof stored !== "string") waiter?.reject(unavailable(String(error)));
    else
      waiter?.resolve({
        stored: [...stored].map((digit) => digit === "1"),
        file: typeof file === "string" ? file : null,
      });
  }
}

function unavailable(reason: string): PasserbyError {
  return new PasserbyError(
    "log_unavailable",
    reason.startsWith("nothing") ? reason : `nothing was stored: ${reason}; try again`,
  );
}

/** Collects texts and writes them together at the end of the turn: a system call costs more than an event. */
function joinWrites(socket: Socket): (text: string) => void {
  let waiting = "";
  return (text) => {
    if (waiting === "") {
      setImmediate(() => {
        const whole = waiting;
        waiting = "";
        if (socket.writable) socket.write(whole);
      });
    }
    waiting += text;
  };
}

function onLines(socket: Socket, onLine: (line: string) => void): void {
  let rest = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  });
  socket.on("error", () => socket.destroy());
}

function readObject(line: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(line);
  return typeof value === "object" && value !== null ? { ...value } : {};
}
