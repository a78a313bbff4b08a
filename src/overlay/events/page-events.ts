/** The events of this page with what has become of each, newest first, kept up to date by the steps that the core tells. */
import { isObject, listOf, parseJson, parseObject, textOf } from "../read-json.ts";
import { readReceipts } from "./event-receipts.ts";
import { type EventState, isSettled } from "./event-state.ts";
import type { RecordedStep } from "./step-recorder.ts";

/** More rows than anybody reads, few enough to draw at once. */
const MAX_EVENTS = 200;

export type PageEvent = {
  readonly id: string;
  readonly name: string;
  /** When the page first told of it, in ms since 1970. */
  readonly at: number;
  /** How often it has been sent. */
  readonly attempts: number;
  readonly state: EventState;
  /** The event as it was last seen. */
  readonly fields: Readonly<Record<string, unknown>>;
};

export type PageEvents = {
  /** Takes in a step; what is no event with an id is left out. */
  readonly apply: (step: RecordedStep) => void;
  readonly list: () => readonly PageEvent[];
  /** Forgets what is settled. What is under way stays, or it would come back with its answer. */
  readonly clear: () => void;
};

/** Starts with no events. */
export function followPageEvents(): PageEvents {
  let events: ReadonlyMap<string, PageEvent> = new Map();
  return {
    apply: (step) => {
      const next = new Map(events);
      for (const [index, fields] of readEvents(step).entries()) {
        const id = textOf(fields["event_id"]);
        if (id === "") continue;
        next.set(id, advance(events.get(id), { id, fields, step, index }));
      }
      events = new Map([...next].slice(-MAX_EVENTS));
    },
    list: () => [...events.values()].reverse(),
    clear: () => {
      events = new Map([...events].filter(([, event]) => !isSettled(event.state)));
    },
  };
}

type Advance = {
  readonly id: string;
  readonly fields: PageEvent["fields"];
  readonly step: RecordedStep;
  /** Place of the event in its batch. */
  readonly index: number;
};

function advance(before: PageEvent | undefined, { id, fields, step, index }: Advance): PageEvent {
  return {
    id,
    name: textOf(fields["event"]),
    at: before?.at ?? step.at,
    attempts: (before?.attempts ?? 0) + (step.step === "answered" ? 1 : 0),
    state: readState(step, index),
    fields,
  };
}

function readState(step: RecordedStep, index: number): EventState {
  switch (step.step) {
    case "queued":
      return { name: "waiting", detail: "in the memory of this page, or on its way" };
    case "sampled_out":
      return { name: "sampled out", detail: "the tracker did not send it: see this visitor" };
    case "kept":
      return { name: "in the outbox", detail: "the next page sends it" };
    case "answered":
      return readReceipts(readEvents(step).length, step.status, step.answer)[index] ?? { name: "unclear", detail: "" };
  }
}

/** `queued` has one event, `answered` an envelope, everything else an array. */
function readEvents({ step, json }: RecordedStep): readonly Readonly<Record<string, unknown>>[] {
  if (step === "queued") return [parseObject(json)];
  const list = listOf(step === "answered" ? parseObject(json)["events"] : parseJson(json));
  // What is no object keeps its place, by which answers count.
  return list.map((event) => (isObject(event) ? event : {}));
}
