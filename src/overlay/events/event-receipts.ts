/**
 * The receipt of each event of a batch, read from the collector's one answer to it. An answer counts events and names by
 * their index only those that it refuses; where that leaves open which event met which end, the receipt says so.
 */
import type { DropReason } from "../../event.ts";
import { countsOf, isObject, parseObject, textOf } from "../read-json.ts";
import type { EventState } from "./event-state.ts";

/** Why the collector did not store what it took, in words. */
const DROPPED: Readonly<Record<DropReason, string>> = {
  brake: "the brake is on",
  sampled_out: "the collector keeps a share of the visitors, and this one is not in it",
  bot: "this browser looks like a robot",
  opted_out: "the browser sent Global Privacy Control or Do Not Track",
  duplicate: "a copy of it is stored already",
  site_off: "the brake is on for this site",
};

/** As the core sees it: later it may be better. 0 stands for no answer at all. */
const TRANSIENT = /^(0|408|429|5..)$/;

/** Returns the state of each event of a batch of `count`, in order. */
export function readReceipts(count: number, status: number, text: string): readonly EventState[] {
  const answer = parseObject(text);
  const all = (state: EventState): readonly EventState[] => new Array(count).fill(state);
  if (TRANSIENT.test(`${status}`)) return all({ name: "retrying", detail: describeFailure(status, answer) });
  if (status >= 300) return all({ name: "refused", detail: describeFailure(status, answer) }).map(nameRefused(answer));
  if (typeof answer["stored"] !== "number") {
    return all({ name: "unclear", detail: `answered ${status}, but the browser does not let the page read it` });
  }
  return readAccepted(count, answer);
}

function readAccepted(count: number, answer: Answer): readonly EventState[] {
  const refused = readRefused(answer);
  const dropped = countsOf(answer["dropped"]);
  const ends = [
    ...counted(Number(answer["stored"]), { name: "stored", detail: describeStored(answer) }),
    ...Object.entries(dropped).flatMap(([reason, times]) => counted(times, dropState(reason))),
    ...Object.values(countsOf(answer["refused"])).flatMap((times) =>
      counted(times - refused.size, { name: "refused", detail: "the answer has no room to say why" }),
    ),
  ];
  const [end] = ends;
  const isOne = ends.length === 1 && end?.times === count - refused.size;
  const rest: EventState = isOne && end ? end.state : { name: "unclear", detail: describeMixture(count, ends) };
  return new Array(count).fill(rest).map(nameRefused(answer));
}

type Answer = Readonly<Record<string, unknown>>;
type End = { readonly times: number; readonly state: EventState };

function counted(times: number, state: EventState): readonly End[] {
  return times > 0 ? [{ times, state }] : [];
}

function dropState(reason: string): EventState {
  const known = Object.entries(DROPPED).find(([name]) => name === reason)?.[1];
  if (reason === "sampled_out") return { name: "sampled out", detail: known ?? "" };
  if (reason === "duplicate") return { name: "duplicate", detail: known ?? "" };
  return { name: "dropped", detail: known === undefined ? reason : `${reason}: ${known}` };
}

function describeStored(answer: Answer): string {
  const { file, redacted } = answer;
  const blackened = typeof redacted === "number" ? `, ${redacted} values of the batch [redacted]` : "";
  return `in ${textOf(file)}${blackened}`;
}

function describeMixture(count: number, ends: readonly End[]): string {
  const parts = ends.map(({ times, state }) => `${times} ${state.name}`);
  return `of this batch of ${count}: ${parts.join(", ") || "nothing is told"}. The answer does not say which`;
}

/** `503 log_unavailable: …`; the collector's own words where it has some. */
function describeFailure(status: number, answer: Answer): string {
  if (status === 0) return "no answer came";
  const words = [answer["error"], answer["message"]].filter((part) => typeof part === "string");
  return [status, words.join(": ")].join(" ").trim();
}

/** The messages of refused events by their index in the batch. */
function readRefused(answer: Answer): ReadonlyMap<number, string> {
  const messages = new Map<number, string>();
  const details: readonly unknown[] = Array.isArray(answer["details"]) ? answer["details"] : [];
  for (const detail of details) {
    if (!isObject(detail) || typeof detail["index"] !== "number") continue;
    const { index } = detail;
    const message = [textOf(detail["path"]), textOf(detail["message"])].filter(Boolean).join(": ");
    messages.set(index, [messages.get(index), message].filter(Boolean).join("; "));
  }
  return messages;
}

function nameRefused(answer: Answer): (state: EventState, index: number) => EventState {
  const messages = readRefused(answer);
  return (state, index) => {
    const detail = messages.get(index);
    return detail === undefined ? state : { name: "refused", detail };
  };
}
