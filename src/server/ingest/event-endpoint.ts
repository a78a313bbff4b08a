/** `POST /api/metrics/event` on bare node:http: hands the raw body to the collector and sends its answer. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { PasserbyError } from "../../errors.ts";
import { BOUNDS } from "../../event.ts";
import type { AddressReader } from "../access/client-address.ts";
import type { KeyRing } from "../access/keys.ts";
import { errorAnswer, toPasserbyError } from "../routes/refusals.ts";
import type { Admission } from "./admission.ts";
import type { LoadGuard } from "./load-guard.ts";
import { readBody } from "./read-body.ts";
import { type Answer, type AnswerParts, sendAnswer } from "./send-answer.ts";
import { senderOf } from "./sender-of.ts";

/** How long what is left of a refused body is read and thrown away, so that the client gets to see the answer. */
const LINGER_MS = 2_000;

export type EventEndpointParts = AnswerParts & {
  readonly keys: KeyRing;
  readonly addresses: AddressReader;
  readonly guard: LoadGuard;
  readonly admission: Admission;
  /** Called with an error that nobody was told the cause of. */
  readonly onError: (error: Error) => void;
};

/** Takes a request whose path is that of the event route. */
export function takeEventRequest(request: IncomingMessage, response: ServerResponse, parts: EventEndpointParts): void {
  if (request.method === "POST") takeEvents(request, response, parts);
  else refuseMethod(request, response, parts);
}

function takeEvents(request: IncomingMessage, response: ServerResponse, parts: EventEndpointParts): void {
  const { guard, admission } = parts;
  readBody(request, BOUNDS.bodyBytes, (body) => {
    if (body === "cut_off") return;
    if (body === "too_large") return refuseLength(request, response, parts);
    guard.hold(body.length);
    admission.enter(body.length, () => {
      answerEvents(request, response, body, parts).finally(() => {
        guard.hold(-body.length);
        admission.leave(body.length);
      });
    });
  });
}

async function answerEvents(
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
  parts: EventEndpointParts,
): Promise<void> {
  try {
    sendAnswer(request, response, await collect(request, body, parts), parts);
  } catch (error) {
    const known = toPasserbyError(error);
    if (known.code === "internal_error") parts.onError(known);
    // Everything else the collector has counted itself; a key that is not good never reaches it.
    if (known.code === "key_required") parts.collector.countRefusal("key_required");
    sendAnswer(request, response, errorAnswer(known), parts);
  }
}

async function collect(request: IncomingMessage, bytes: Buffer, parts: EventEndpointParts): Promise<Answer> {
  const { url = "", headers } = request;
  const mark = url.indexOf("?");
  const body = await parts.collector.collect({
    body: { bytes, contentType: headers["content-type"], contentEncoding: headers["content-encoding"] },
    sender: senderOf(request, parts),
    isPartial: mark >= 0 && new URLSearchParams(url.slice(mark + 1)).get("partial") === "1",
  });
  return { status: 202, body };
}

/** The rest of the body is not wanted: the connection is closed on our side, and read on for a while (RFC 9112, 9.6). */
function refuseLength(request: IncomingMessage, response: ServerResponse, parts: EventEndpointParts): void {
  parts.collector.countRefusal("payload_too_large");
  const message = `the body is larger than ${BOUNDS.bodyBytes} bytes: send fewer events at a time`;
  const answer = errorAnswer(new PasserbyError("payload_too_large", message));
  sendAnswer(request, response, { ...answer, headers: ["connection", "close"] }, parts);
  // After `Connection: close` Node closes both sides at once; the kernel would then answer what is still coming with a
  // reset, and the client would see no answer. Node has no public name for leaving our closing to us.
  Reflect.set(response, "_last", false);
  response.once("finish", () => request.socket.end());
  request.resume();
  const timer = setTimeout(() => request.destroy(), LINGER_MS);
  request.once("close", () => clearTimeout(timer));
}

function refuseMethod(request: IncomingMessage, response: ServerResponse, parts: EventEndpointParts): void {
  response.setHeader("allow", "POST, OPTIONS");
  sendAnswer(request, response, errorAnswer(new PasserbyError("method_not_allowed", "send events with POST")), parts);
}
