/** A list of facts, each a term and its text, as a `dl`. */
import { keepList } from "./keyed-list.ts";
import { makeElement, setText } from "./make-element.ts";

export type Fact = readonly [term: string, text: string];

/** Makes an empty list and the function that fills it. */
export function makeFactList(): { readonly element: HTMLElement; readonly show: (facts: readonly Fact[]) => void } {
  const element = makeElement("dl");
  const show = keepList<Fact>(element, {
    keyOf: ([term]) => term,
    makeRow: () => {
      const term = makeElement("dt");
      const text = makeElement("dd");
      return {
        element: makeElement("div", {}, term, text),
        update: (fact) => {
          setText(term, fact[0]);
          setText(text, fact[1]);
        },
      };
    },
  });
  return { element, show };
}
