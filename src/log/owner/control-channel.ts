/**
 * `collector.sock` as a channel: the asker sends one line of JSON, `{"command":…,"args":…}`, and gets one line back,
 * `{"ok":true,"result":…}` or `{"ok":false,"error":…,"message":…}`. Only the user who owns the folder can connect.
 */
import { closeSync, existsSync, openSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { describeError, ERRORS, type ErrorCode, PasserbyError, systemErrorCode } from "../../errors.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Answers a command; what it throws is told to the asker. */
export type Command = (args: Json) => Promise<Json>;
export type Commands = Readonly<Record<string, Command>>;

/** Name of the owner's socket in the data directory. */
export const OWNER_SOCKET = "collector.sock";
/** Name of the socket of the process that works on sealed shards. */
export const SHARDS_SOCKET = "rotator.sock";
/** Name of the socket of the rotator that runs again and again, also between its runs. */
export const ROTATION_SOCKET = "rotation.sock";

const MAX_REQUEST_BYTES = 1_048_576;
/** The kernel's bound on the path of a socket, without its closing NUL (man 7 unix). */
const MAX_SOCKET_PATH_BYTES = 107;

/** The path of a socket in a folder; `close` it when the socket is connected or closed. */
export type SocketPath = { readonly path: string; readonly close: () => void };

/**
 * Returns a path that the kernel takes for a socket in a folder of any depth: where the plain path is too long, one
 * through a descriptor of the folder (Linux; elsewhere `data_dir_unusable`).
 */
export function socketPath(dataDir: string, name: string): SocketPath {
  const path = join(dataDir, name);
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return { path, close: () => undefined };
  if (process.platform !== "linux") {
    const limit = MAX_SOCKET_PATH_BYTES - name.length - 1;
    throw new PasserbyError("data_dir_unusable", `${dataDir} is too long a path: give one of at most ${limit} bytes`);
  }
  const folder = openSync(dataDir, "r");
  return { path: `/proc/self/fd/${folder}/${name}`, close: () => closeSync(folder) };
}

/**
 * What came of a request: nobody listens; somebody listens but did not answer in time, or hung up before the answer
 * was whole; or the answer.
 */
export type Reply =
  | { readonly kind: "nobody" | "late" | "hung_up" }
  | { readonly kind: "answered"; readonly result: Json }
  | { readonly kind: "failed"; readonly error: PasserbyError };

/** Asks whoever listens on a socket, and waits so long for the answer (0: for ever). */
export function askSocket(
  path: string,
  request: { readonly command: string; readonly args: Json },
  timeoutMs: number,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    let received = "";
    const socket = connect(path);
    const settle = (reply: Reply): void => {
      resolve(reply);
      socket.destroy();
    };
    socket.setEncoding("utf8").setTimeout(timeoutMs);
    socket.on("connect", () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on("data", (chunk: string) => {
      received += chunk;
    });
    socket.on("timeout", () => settle({ kind: "late" }));
    socket.on("end", () => settle(readReply(received)));
    socket.on("error", (error) => {
      const kind = REPLY_OF_ERROR[systemErrorCode(error) ?? ""];
      if (kind) settle({ kind });
      else reject(error);
    });
  });
}

const REPLY_OF_ERROR: Readonly<Record<string, "nobody" | "late" | "hung_up">> = {
  ENOENT: "nobody",
  ECONNREFUSED: "nobody",
  EAGAIN: "late", // Alive, with more askers waiting than it takes.
  ECONNRESET: "hung_up",
  EPIPE: "hung_up",
};

/**
 * Asks the process that owns a data directory; undefined when nobody owns it. Waits for the answer as long as the
 * owner lives. Throws the error of the command, `internal_error` when the owner ends before it answers.
 */
export async function askOwner(dataDir: string, command: string, args: Json = null): Promise<Json | undefined> {
  if (!existsSync(dataDir)) return undefined;
  const { path, close } = socketPath(dataDir, OWNER_SOCKET);
  try {
    const reply = await askSocket(path, { command, args }, 0);
    if (reply.kind === "nobody") return undefined;
    if (reply.kind === "answered") return reply.result;
    throw reply.kind === "failed"
      ? reply.error
      : new PasserbyError("internal_error", `the owner of ${dataDir} ended before it answered; ask again`);
  } finally {
    close();
  }
}

/** Makes a server that answers commands, looked up at the time of each request. */
export function serveCommands(commands: () => Commands): Server {
  return createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => socket.destroy()); // The asker has gone; there is nobody to tell.
    readRequest(socket, async (line) => {
      socket.end(`${JSON.stringify(await answerRequest(line, commands()))}\n`);
    });
  });
}

function readReply(line: string): Reply {
  const answer = parseJson(line);
  if (!isRecord(answer)) return { kind: "hung_up" };
  if (answer["ok"] === true) return { kind: "answered", result: answer["result"] ?? null };
  const code = answer["error"];
  const error = new PasserbyError(isErrorCode(code) ? code : "internal_error", String(answer["message"]));
  return { kind: "failed", error };
}

function isErrorCode(code: Json | undefined): code is ErrorCode {
  return typeof code === "string" && Object.hasOwn(ERRORS, code);
}

function readRequest(socket: Socket, onLine: (line: string) => Promise<void>): void {
  let received = "";
  const take = (chunk: string): void => {
    received += chunk;
    const end = received.indexOf("\n");
    if (end >= 0) {
      socket.off("data", take).resume();
      onLine(received.slice(0, end)).catch((error: unknown) => socket.destroy(new Error(describeError(error))));
    } else if (received.length > MAX_REQUEST_BYTES) socket.destroy();
  };
  socket.setEncoding("utf8").on("data", take);
  socket.on("end", () => {
    if (!received.includes("\n")) socket.end();
  });
}

async function answerRequest(line: string, commands: Commands): Promise<Json> {
  const request = parseJson(line);
  const name = isRecord(request) ? request["command"] : undefined;
  if (!isRecord(request) || typeof name !== "string") {
    return { ok: false, error: "invalid_request", message: 'send one line such as {"command":"status"}' };
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) {
    const known = Object.keys(commands).join(", ");
    return { ok: false, error: "not_found", message: `${name} is no command; this process answers ${known}` };
  }
  try {
    return { ok: true, result: await command(request["args"] ?? null) };
  } catch (error) {
    const code = error instanceof PasserbyError ? error.code : "internal_error";
    return { ok: false, error: code, message: describeError(error) };
  }
}

function isRecord(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
