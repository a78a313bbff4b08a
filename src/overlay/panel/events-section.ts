/** The part of the panel with the events of this page, and what can be done with them. */
import type { PageEvent } from "../events/page-events.ts";
import { makeEventRow } from "./event-row.ts";
import { keepList } from "./keyed-list.ts";
import { makeButton, makeElement, setText } from "./make-element.ts";

export type EventActions = {
  readonly sendDemo: () => void;
  readonly clear: () => void;
  /** Returns the last request as a command, or undefined where none has been made yet. */
  readonly writeCurl: () => string | undefined;
};

/** Makes the section and the function that shows events in it. */
export function makeEventsSection(actions: EventActions): {
  readonly element: HTMLElement;
  readonly show: (events: readonly PageEvent[]) => void;
} {
  const summary = makeElement("p", { role: "status" });
  const body = makeElement("tbody");
  const show = keepList(body, { keyOf: ({ id }: PageEvent) => id, makeRow: makeEventRow });
  const columns = ["Time", "Event", "State"].map((name) => makeElement("th", { scope: "col" }, name));
  const head = makeElement("thead", {}, makeElement("tr", {}, ...columns));
  const table = makeElement("table", { "aria-label": "Events of this page" }, head, body);
  const copied = makeCopied();
  const buttons = makeElement(
    "p",
    { class: "buttons" },
    makeButton("Send demo events", actions.sendDemo),
    makeButton("Copy as curl", () => copied.copy(actions.writeCurl())),
    makeButton("Clear", actions.clear),
  );
  return {
    element: makeElement("section", {}, makeElement("h3", {}, "This page"), summary, buttons, copied.element, table),
    show: (events) => {
      setText(summary, summarize(events));
      table.hidden = events.length === 0;
      show(events);
    },
  };
}

/** `3 events: 2 stored, 1 waiting`. */
function summarize(events: readonly PageEvent[]): string {
  if (events.length === 0) return "No events yet.";
  const counts = new Map<string, number>();
  for (const { state } of events) counts.set(state.name, (counts.get(state.name) ?? 0) + 1);
  const parts = [...counts].map(([name, count]) => `${count} ${name}`);
  return `${events.length} ${events.length === 1 ? "event" : "events"}: ${parts.join(", ")}`;
}

/** Says what has come of copying; where the clipboard is not open to the page, the text lies there to be copied by hand. */
function makeCopied(): { readonly element: HTMLElement; readonly copy: (text: string | undefined) => void } {
  const answer = makeElement("p", { role: "status" });
  const text = makeElement("textarea", { readonly: "", rows: "6", "aria-label": "The last request as a curl command" });
  text.hidden = true;
  const copy = async (command: string | undefined): Promise<void> => {
    text.hidden = true;
    if (command === undefined) return setText(answer, "Nothing has been sent yet.");
    try {
      await navigator.clipboard.writeText(command);
      setText(answer, "The last request is in the clipboard.");
    } catch {
      setText(answer, "This page may not write to the clipboard. Copy it here:");
      text.value = command;
      text.hidden = false;
      text.select();
    }
  };
  return { element: makeElement("div", {}, answer, text), copy: (command) => void copy(command) };
}
