/** `GET /api/metrics/config` on bare node:http: what a tracker needs at run time, and the bucket of its visitor. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { entityTag } from "../../collector/control/tracker-config.ts";
import { clientBucket } from "../../sampling.ts";
import type { AddressReader } from "../access/client-address.ts";
import type { KeyRing } from "../access/keys.ts";
import type { RequestLimits } from "../access/request-limits.ts";
import { errorAnswer, toPasserbyError } from "../routes/refusals.ts";
import { type Answer, type AnswerParts, sendAnswer } from "./send-answer.ts";
import { senderOf } from "./sender-of.ts";

export type ConfigEndpointParts = AnswerParts & {
  readonly keys: KeyRing;
  readonly addresses: AddressReader;
  readonly limits: RequestLimits;
  /** Called with an error that nobody was told the cause of. */
  readonly onError: (error: Error) => void;
};

/** Answers a request for the config. */
export function takeConfigRequest(
  request: IncomingMessage,
  response: ServerResponse,
  parts: ConfigEndpointParts,
): void {
  sendAnswer(request, response, answerConfig(request, parts), parts);
}

function answerConfig(request: IncomingMessage, parts: ConfigEndpointParts): Answer {
  try {
    const sender = senderOf(request, parts);
    parts.limits.countReading(sender.address);
    const { visitorId } = parts.collector.visitorOf(sender);
    const body = { ...parts.collector.trackerConfig(sender).body, u: clientBucket(visitorId) };
    const tag = entityTag(body);
    const headers = ["cache-control", "private, max-age=30", "etag", tag];
    return request.headers["if-none-match"] === tag ? { status: 304, headers } : { status: 200, body, headers };
  } catch (error) {
    const known = toPasserbyError(error);
    if (known.code === "internal_error") parts.onError(known);
    return errorAnswer(known);
  }
}
