/** One connection that sends any bytes at all and reads the answers to them, as they are. */
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** One answer: status line, headers in small letters (a repeated one joined by `, `) and body. */
export type RawAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** What came back: whole answers, what is left over that is no answer, and whether the server closed. */
export type Received = { readonly answers: readonly RawAnswer[]; readonly rest: string; readonly isClosed: boolean };

export type RawConnection = {
  readonly socket: Socket;
  /** Sends bytes; does nothing on a connection that has gone. */
  readonly send: (bytes: Buffer | string) => void;
  readonly received: () => Received;
  /** Resolves when so many answers have come, the server has closed, or nothing has come for so long. */
  readonly settle: (answers: number, quietMs: number) => Promise<Received>;
  /** Resolves when the server has closed; rejects after so long. */
  readonly closed: (withinMs: number) => Promise<Received>;
};

export type RawOptions = {
  /** True when the first request is a HEAD, whose answer has no body whatever its headers say. */
  readonly isHead?: boolean;
};

/** Opens a connection to the server of a URL. */
export async function openRaw(url: string, options: RawOptions = {}): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const chunks: Buffer[] = [];
  let isClosed = false;
  let lastMs = performance.now();
  socket.on("data", (chunk) => {
    chunks.push(chunk);
    lastMs = performance.now();
  });
  for (const event of ["end", "close"] as const) {
    socket.on(event, () => {
      isClosed = true;
    });
  }
  // A reset is one way of closing; what matters is what came before it.
  socket.on("error", () => undefined);
  await new Promise<void>((resolve) => {
    socket.once("connect", resolve);
    socket.once("close", () => resolve());
  });
  const received = (): Received => ({ ...readAnswers(Buffer.concat(chunks), options.isHead === true), isClosed });
  const until = async (isDone: () => boolean): Promise<Received> => {
    while (!isDone()) await delay(1);
    return received();
  };
  return {
    socket,
    send: (bytes) => {
      if (!socket.destroyed) socket.write(bytes);
      lastMs = performance.now();
    },
    received,
    settle: (answers, quietMs) => {
      const isDone = (): boolean => received().answers.length >= answers;
      return until(() => isClosed || performance.now() - lastMs > quietMs || isDone());
    },
    closed: async (withinMs) => {
      const limit = performance.now() + withinMs;
      const seen = await until(() => isClosed || performance.now() > limit);
      if (!seen.isClosed) throw new Error(`the server has not closed the connection within ${withinMs} ms`);
      return seen;
    },
  };
}

/** Splits what came into answers (RFC 9112, section 6); what does not read as one is left in `rest`. */
function readAnswers(bytes: Buffer, isHead: boolean): Pick<Received, "answers" | "rest"> {
  const answers: RawAnswer[] = [];
  let at = 0;
  for (;;) {
    const end = bytes.indexOf("\r\n\r\n", at);
    const head = end < 0 ? undefined : readHead(bytes.toString("latin1", at, end));
    if (head === undefined) break;
    // One that was no request has a body even so.
    const hasNoBody = isHead && answers.length === 0 && /^(?:HTTP|$)/.test(bytes.toString("latin1", end + 4, end + 8));
    const bodyBytes = hasNoBody ? 0 : bodyLength(head);
    if (bodyBytes === undefined || end + 4 + bodyBytes > bytes.length) break;
    const body = bytes.toString("utf8", end + 4, end + 4 + bodyBytes);
    at = end + 4 + bodyBytes;
    // 100 Continue is no answer yet.
    if (head.status >= 200) answers.push({ ...head, body });
  }
  return { answers, rest: bytes.toString("latin1", at) };
}

function readHead(text: string): Omit<RawAnswer, "body"> | undefined {
  const [first = "", ...lines] = text.split("\r\n");
  const status = /^HTTP\/1\.1 ([1-5]\d\d) [\w' -]+$/.exec(first)?.[1];
  if (status === undefined) return undefined;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return { status: Number(status), headers: Object.fromEntries(headers) };
}

function bodyLength({ status, headers }: Omit<RawAnswer, "body">): number | undefined {
  const length = headers["content-length"];
  if (length !== undefined) return Number(length);
  return status < 200 || status === 204 || status === 304 ? 0 : undefined;
}
