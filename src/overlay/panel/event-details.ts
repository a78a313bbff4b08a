/** The name of an event that opens to show the whole of it. */
import { makeElement, setText } from "./make-element.ts";

type Shown = { readonly name: string; readonly fields: Readonly<Record<string, unknown>> };

/** Makes the element and the function that fills it. */
export function makeEventDetails(): { readonly element: HTMLElement; readonly show: (event: Shown) => void } {
  const name = makeElement("summary");
  const json = makeElement("pre");
  return {
    element: makeElement("details", {}, name, json),
    show: (event) => {
      setText(name, event.name || "(no name)");
      setText(json, JSON.stringify(event.fields, null, 2));
    },
  };
}
