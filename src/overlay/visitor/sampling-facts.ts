/** By which rate this visitor is sampled, who has set it, and whether the visitor is kept by it. */
import { keepsBucket } from "../../sampling.ts";
import type { RunTimeConfig } from "../collector-view/parse-answers.ts";
import type { PageState } from "./read-page.ts";

export type SamplingFacts = {
  /** Share of visitors, 0 to 1; NaN where the page gives what is no number. */
  readonly rate: number;
  /** `default` also stands for a page that says 1 itself: that cannot be told apart. */
  readonly source: "operator" | "page" | "default";
  /** Undefined while the bucket is not known. The tracker then waits for it, and in the end draws for this page. */
  readonly isKept: boolean | undefined;
};

/** Works the facts out as the tracker does: operator, else page, else 1. */
export function findSampling(
  { settings, identity }: Pick<PageState, "settings" | "identity">,
  config: RunTimeConfig | undefined,
): SamplingFacts {
  const pageRate = settings?.sampleRate ?? 1;
  const rate = config?.sampleRate ?? pageRate;
  const bucket = identity?.bucket ?? config?.bucket;
  const pageSource = pageRate === 1 ? "default" : "page";
  return {
    rate,
    source: config?.sampleRate === undefined ? pageSource : "operator",
    isKept: bucket === undefined ? undefined : keepsBucket(bucket, rate),
  };
}
