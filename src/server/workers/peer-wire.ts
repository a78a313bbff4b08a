/**
 * What goes over the line between two workers, a Unix socket in the data directory: one hands events to the other, whose
 * ids they are, and is told what became of each.
 *
 *   request  {"id":1,"count":2} and so many lines of events, as in the log
 *   answer   {"id":1,"stored":"10","file":"metrics.w2.jsonl"}: one digit an event, 1 for each that is on disk now; the
 *            others are duplicates or, where there is also "error", were not stored
 */
import type { Socket } from "node:net";
import type { AcceptedEvent } from "../../event.ts";

/** What became of the events of a request, in their order. `error`: why those that are not stored were refused. */
export type PeerOutcome = {
  readonly stored: readonly boolean[];
  readonly file: string | null;
  readonly error?: string;
};

/** Never rejects. */
export type StoreForPeer = (events: readonly AcceptedEvent[]) => Promise<PeerOutcome>;

/** Returns the name of a worker's socket in the data directory. */
export function peerSocketName(worker: number): string {
  return `.worker-${worker}.sock`;
}

/** Returns what writes texts to a socket, joined at the end of the turn: a system call costs more than an event. */
export function joinWrites(socket: Socket): (text: string) => void {
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

/** Calls `onLine` with each whole line that comes. */
export function onLines(socket: Socket, onLine: (line: string) => void): void {
  let rest = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  });
}

/** Reads a line as an object; one that is none is empty. Throws for what is no JSON. */
export function readObject(line: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(line);
  return typeof value === "object" && value !== null ? { ...value } : {};
}
