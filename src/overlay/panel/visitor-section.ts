/** The part of the panel about this visitor: why nothing is sent, the id, and the sampling. */
import type { Asked } from "../collector-view/ask-collector.ts";
import type { RunTimeConfig } from "../collector-view/parse-answers.ts";
import { explainSilence, writeShare } from "../visitor/explain-silence.ts";
import type { PageState } from "../visitor/read-page.ts";
import { findSampling, type SamplingFacts } from "../visitor/sampling-facts.ts";
import { type Fact, makeFactList } from "./fact-list.ts";
import { keepList } from "./keyed-list.ts";
import { makeElement, setText } from "./make-element.ts";

export type VisitorView = {
  readonly page: PageState;
  /** Undefined: not asked yet. */
  readonly config: Asked<RunTimeConfig> | undefined;
  /** The id under which the collector has stored an event of this page, where a token lets us see it. */
  readonly storedId: string | undefined;
};

/** Makes the section and the function that fills it. */
export function makeVisitorSection(): {
  readonly element: HTMLElement;
  readonly show: (view: VisitorView) => void;
} {
  const list = makeElement("ul");
  const reasons = keepList<string>(list, {
    keyOf: (reason) => reason,
    makeRow: () => {
      const element = makeElement("li");
      return { element, update: (reason) => setText(element, reason) };
    },
  });
  const silence = makeElement("div", { class: "silence", role: "status" });
  const heading = makeElement("h3", {}, "Why nothing is sent");
  const facts = makeFactList();
  const element = makeElement("section", {}, silence, makeElement("h3", {}, "This visitor"), facts.element);
  return {
    element,
    show: (view) => {
      const silent = explainSilence(view.page, view.config);
      reasons(silent);
      if (silent.length === 0) silence.replaceChildren();
      else if (silence.childElementCount === 0) silence.append(heading, list);
      facts.show(describeVisitor(view));
    },
  };
}

function describeVisitor({ page, config, storedId }: VisitorView): readonly Fact[] {
  const { identity, settings } = page;
  const known = config && "value" in config ? config.value : undefined;
  const id = identity?.visitor_id ?? storedId;
  return [
    ["Visitor id", id ?? "derived by the collector; an overlay token shows it"],
    [
      "Identity",
      identity === undefined ? "daily, derived by the collector" : "kept in this browser by the site's choice",
    ],
    ...(identity?.session_id === undefined ? [] : [["Session", identity.session_id] as const]),
    ["Sampling", describeSampling(findSampling(page, known))],
    ["Collector", settings === undefined ? "unknown" : settings.apiBaseUrl || location.origin],
    ["Site", settings?.site ?? "by the page's host name"],
  ];
}

const SOURCES: Readonly<Record<SamplingFacts["source"], string>> = {
  operator: "set by the operator",
  page: "from the page: script tag, options or build",
  default: "the default",
};

function describeSampling({ rate, source, isKept }: SamplingFacts): string {
  const isKnown = isKept !== undefined;
  const draw = isKnown
    ? `this visitor is ${isKept ? "kept" : "not kept"}`
    : "whether this visitor is kept is not known";
  return `${writeShare(rate)} of visitors, ${SOURCES[source]}; ${draw}`;
}
