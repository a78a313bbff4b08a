/** Says why nothing is sent from this page, if there is a reason. */
import type { Asked } from "../collector-view/ask-collector.ts";
import type { RunTimeConfig } from "../collector-view/parse-answers.ts";
import type { PageState } from "./read-page.ts";
import { findSampling } from "./sampling-facts.ts";

/** Returns the reasons in words, the strongest first; none when events leave. `config` undefined: not asked yet. */
export function explainSilence(page: PageState, config: Asked<RunTimeConfig> | undefined): readonly string[] {
  if (page.settings === undefined) return ["The tracker has not run on this page."];
  return [
    ...(/^http/.test(page.protocol) ? [] : [`A page with the protocol ${page.protocol} is not counted.`]),
    ...page.objections.map((objection) => `${objection} The tracker asks and sends nothing.`),
    ...(config === undefined ? [] : explainConfig(page, config)),
  ];
}

function explainConfig(page: PageState, config: Asked<RunTimeConfig>): readonly string[] {
  if ("failure" in config) {
    return [
      `The collector at ${page.settings?.apiBaseUrl || "this origin"} did not give its config: ${config.failure}. It may be ` +
        "down, blocked by this browser, or ALLOWED_ORIGINS does not name this page's origin.",
    ];
  }
  if (!config.value.isEnabled) return ["The brake is on: the operator has stopped all trackers of this site."];
  const { rate, source, isKept } = findSampling(page, config.value);
  if (Number.isNaN(rate)) return ["The page's sample rate is no number, so nobody is counted."];
  const who = source === "operator" ? "the operator's" : "the page's";
  if (isKept === false) return [`This visitor is sampled out: ${who} rate keeps ${writeShare(rate)} of the visitors.`];
  return [];
}

/** Writes a share as per cent, with as many digits as it takes and no more. */
export function writeShare(share: number): string {
  return `${Number((share * 100).toPrecision(4))} %`;
}
