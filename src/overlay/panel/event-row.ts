/** A row of the table of this page's events: when, what, and what has become of it. */
import type { PageEvent } from "../events/page-events.ts";
import { makeEventDetails } from "./event-details.ts";
import type { Row } from "./keyed-list.ts";
import { makeElement, setText, writeTime } from "./make-element.ts";

/** Makes a row. Its class is the state, with `-` for spaces, for the style sheet. */
export function makeEventRow(): Row<PageEvent> {
  const time = makeElement("td", { class: "time" });
  const details = makeEventDetails();
  const state = makeElement("strong");
  const why = makeElement("span");
  const element = makeElement(
    "tr",
    {},
    time,
    makeElement("td", {}, details.element),
    makeElement("td", {}, state, " ", why),
  );
  return {
    element,
    update: (event) => {
      element.className = event.state.name.replaceAll(" ", "-");
      setText(time, writeTime(event.at));
      details.show(event);
      setText(state, event.state.name);
      setText(why, describe(event));
    },
  };
}

function describe({ state, attempts }: PageEvent): string {
  return attempts > 1 ? `${state.detail} (sent ${attempts} times)` : state.detail;
}
