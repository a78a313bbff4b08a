/**
 * Load that does not wait for the server: requests fall due at a fixed rate, whatever became of those before. What falls
 * due while every connection has a request under way waits on the client's side, as it would in a browser.
 */
import { connect, type Socket } from "node:net";

export type OpenLoadOptions = {
  /** `http://127.0.0.1:PORT` of the server. */
  readonly url: string;
  readonly connections: number;
  /** Requests that fall due each second; 0 sends as fast as the answers come. */
  readonly perSecond: number;
  /** Makes the body of the next request. */
  readonly nextBody: () => string;
  /** Told of each answer: status, body, and the body that was sent. */
  readonly onAnswer: (status: number, answer: string, sent: string) => void;
};

export type OpenLoad = {
  /** Requests that fell due so far, and those that ended without an answer. */
  readonly counts: () => { readonly due: number; readonly broken: number };
  /** Sends no more; resolves when every request under way has its answer or has failed. */
  readonly stop: () => Promise<void>;
};

const TICK_MS = 5;

/** Starts to send. */
export function startOpenLoad(options: OpenLoadOptions): OpenLoad {
  const { url, connections, perSecond } = options;
  const idle: Connection[] = [];
  let due = 0;
  let waiting = 0;
  let broken = 0;
  let open = 0;
  let isStopped = false;
  const done = Promise.withResolvers<void>();
  const send = (connection: Connection): void => {
    waiting = Math.max(0, waiting - 1);
    connection.send(options.nextBody());
  };
  const connectOne = (): void => {
    open += 1;
    const connection = new Connection(url, {
      onAnswer: (status, answer, sent) => {
        options.onAnswer(status, answer, sent);
        if (isStopped) connection.close();
        else if (perSecond === 0 || waiting >= 1) send(connection);
        else idle.push(connection);
      },
      onEnd: (wasBusy) => {
        open -= 1;
        if (wasBusy) broken += 1;
        const at = idle.indexOf(connection);
        if (at >= 0) idle.splice(at, 1);
        if (!isStopped) connectOne();
        else if (open === 0) done.resolve();
      },
    });
    if (perSecond === 0) send(connection);
    else idle.push(connection);
  };
  for (let index = 0; index < connections; index++) connectOne();
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    due += ((now - last) / 1000) * perSecond;
    // What nobody could take in a second has given up.
    waiting = Math.min(waiting + ((now - last) / 1000) * perSecond, perSecond);
    last = now;
    for (let connection = idle.pop(); connection !== undefined; connection = idle.pop()) {
      if (waiting < 1) {
        idle.push(connection);
        return;
      }
      send(connection);
    }
  }, TICK_MS);
  return {
    counts: () => ({ due: Math.round(due), broken }),
    stop: async () => {
      isStopped = true;
      clearInterval(timer);
      for (const connection of idle) connection.close();
      await done.promise;
    },
  };
}

type ConnectionEvents = {
  readonly onAnswer: (status: number, answer: string, sent: string) => void;
  /** `wasBusy`: a request was under way and gets no answer. */
  readonly onEnd: (wasBusy: boolean) => void;
};

/** One keep-alive connection with one request under way; as little HTTP as a load needs. */
class Connection {
  private readonly socket: Socket;
  private readonly host: string;
  private received = "";
  private sent: string | undefined;

  constructor(url: string, { onAnswer, onEnd }: ConnectionEvents) {
    const { hostname, port, host } = new URL(url);
    this.host = host;
    this.socket = connect(Number(port), hostname).setNoDelay(true).setEncoding("latin1");
    this.socket.on("error", () => undefined); // Told by `close`, which follows.
    this.socket.on("close", () => onEnd(this.sent !== undefined));
    this.socket.on("data", (chunk) => {
      this.received += chunk;
      const end = this.received.indexOf("\r\n\r\n");
      if (end < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(this.received)?.[1]);
      if (this.received.length < end + 4 + length) return;
      const answer = this.received.slice(end + 4, end + 4 + length);
      const status = Number(this.received.slice(9, 12));
      const sent = this.sent ?? "";
      this.received = "";
      this.sent = undefined;
      onAnswer(status, answer, sent);
    });
  }

  send(body: string): void {
    this.sent = body;
    const length = Buffer.byteLength(body);
    this.socket.write(
      `POST /api/metrics/event HTTP/1.1\r\nHost: ${this.host}\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0.0.0\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`,
    );
  }

  close(): void {
    this.socket.destroy();
  }
}
