/** Reads the body of a request as bytes, never more than its bound, and says why where there is none. */
import type { IncomingMessage } from "node:http";

/** `too_large`: past the bound; `cut_off`: the client went away or was too slow, and nobody waits for an answer. */
export type BodyProblem = "too_large" | "cut_off";

/**
 * Calls `done` once. `Content-Length` is believed only where it alone says how long the body is (RFC 9112, section 6.3:
 * with a Transfer-Encoding it means nothing), and only to refuse early; what comes is counted in any case.
 */
export function readBody(
  request: IncomingMessage,
  limitBytes: number,
  done: (body: Buffer | BodyProblem) => void,
): void {
  let chunks: Buffer[] = [];
  let bytes = 0;
  let isDone = false;
  const finish = (body: Buffer | BodyProblem): void => {
    if (isDone) return;
    isDone = true;
    chunks = [];
    done(body);
  };
  const isChunked = request.headers["transfer-encoding"] !== undefined;
  if (!isChunked && Number(request.headers["content-length"] ?? 0) > limitBytes) {
    finish("too_large");
    return;
  }
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > limitBytes) finish("too_large");
    else if (!isDone) chunks.push(chunk);
  });
  request.on("end", () => {
    const [first] = chunks;
    finish(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks));
  });
  request.on("error", () => finish("cut_off"));
  request.on("close", () => finish("cut_off"));
}
