/** What the smoke tests expect of each answer, by the contract; what came is quoted where it is something else. */
import { type Answer, headerOf } from "../probe/ask.ts";
import { isRecord, parseJson } from "../probe/json-values.ts";

export type Judgement = {
  readonly isOk: boolean;
  /** What came, in a line. */
  readonly found: string;
  /** What it lacked to be as it should, where that is no failure: an event that was not stored on purpose. */
  readonly note?: string;
};

const SHOWN_LENGTH = 200;

/**
 * An event was stored. Where it was not, on purpose, and the answer names the reason, that is accepted from somebody
 * without a key, since only the owner can say whether a brake is meant to be on.
 */
export function judgeEvent(answer: Answer, hasKey: boolean): Judgement {
  const body = readBody(answer);
  if (answer.status !== 202 || body === undefined || body["ok"] !== true) return wrong(answer, "202 with ok true");
  if (body["stored"] === 1) return { isOk: true, found: `stored in ${String(body["file"])}` };
  const dropped = body["dropped"];
  const reasons = isRecord(dropped) ? Object.keys(dropped) : [];
  if (body["stored"] !== 0 || reasons.length === 0)
    return wrong(answer, "stored 1, or stored 0 with the reason in dropped");
  const found = `not stored: ${reasons.join(", ")}`;
  return hasKey ? { isOk: false, found } : { isOk: true, found, note: "the collector drops events on purpose" };
}

/** The snapshot has its fields, and no more events than were asked for. */
export function judgeSnapshot(answer: Answer, limit: number): Judgement {
  const body = readBody(answer);
  if (answer.status === 401) {
    return { isOk: true, found: "401", note: "the snapshot is closed to the public (SNAPSHOT_ACCESS=off)" };
  }
  const lists = [body?.["by_event"], body?.["last_events"]];
  const isWhole = answer.status === 200 && typeof body?.["total"] === "number" && lists.every(Array.isArray);
  if (!isWhole) return wrong(answer, "200 with total, by_event and last_events");
  const shown = recordsOf(answer, "last_events").length;
  if (shown > limit) return { isOk: false, found: `${shown} events, though ${limit} were asked for` };
  return { isOk: true, found: `${String(body?.["total"])} events in memory` };
}

/** Health is healthy; a warning is a note. */
export function judgeHealth(answer: Answer): Judgement {
  const body = readBody(answer);
  if (answer.status !== 200 || body?.["status"] !== "healthy" || body["file_exists"] !== true) {
    return wrong(answer, "200 with status healthy and file_exists true");
  }
  const warnings: unknown = body["warnings"];
  const texts = Array.isArray(warnings) ? warnings.map(String) : [];
  const found = `healthy, ${String(body["ring_size"])} of ${String(body["ring_capacity"])} events in memory`;
  return { isOk: true, found, ...(texts.length > 0 && { note: texts.join("; ") }) };
}

/** The event that was sent is there. */
export function judgeFound(answer: Answer, isFound: boolean): Judgement {
  if (answer.status !== 200) return wrong(answer, "200");
  return { isOk: isFound, found: isFound ? "the event is there" : "the event is not there" };
}

/** The objects in an array of the answer's body; none where there is no such array. */
export function recordsOf(answer: Answer, name: string): readonly Readonly<Record<string, unknown>>[] {
  const list = readBody(answer)?.[name];
  return Array.isArray(list) ? list.filter(isRecord) : [];
}

/** The body as an object; undefined where it is none. */
export function readBody(answer: Answer): Readonly<Record<string, unknown>> | undefined {
  const body = parseJson(answer.body);
  return isRecord(body) ? body : undefined;
}

function wrong(answer: Answer, expected: string): Judgement {
  const retry = headerOf(answer, "retry-after");
  const wait = retry === undefined ? "" : `, Retry-After ${retry}`;
  const body = answer.body.replace(/\s+/g, " ").slice(0, SHOWN_LENGTH);
  return { isOk: false, found: `${answer.status}${wait} ${body} (expected ${expected})` };
}
