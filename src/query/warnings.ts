/** Says where a figure of an answer may not mean what it seems to. */
import type { AnswerMeta, Query } from "../report.ts";
import { partOf } from "./figures.ts";
import type { Range } from "./time-buckets.ts";
import { namesPage } from "./units.ts";

const DAY_MS = 86_400_000;

type Warnings = NonNullable<AnswerMeta["metric_warnings"]>;

const VISITOR_DAYS = {
  code: "visitor_days",
  warning:
    "Visitors without an id of their own get a new one each day (UTC), so over several days they count once a day.",
};
const BY_ENTRY_PAGE = {
  code: "by_entry_page",
  warning: "Of visits that began on the page, whatever pages they went on to.",
};

/** Returns the warnings of a question as part of `meta`; an empty object when there are none. */
export function warnAbout(query: Query, range: Range): Pick<AnswerMeta, "metric_warnings"> {
  const isAboutPages = namesPage(query);
  const isManyDays = Math.floor(range.from / DAY_MS) !== Math.floor((range.to - 1) / DAY_MS);
  const warnings: { -readonly [Metric in keyof Warnings]: Warnings[Metric] } = {};
  for (const metric of query.metrics) {
    if (metric === "visitors" && isManyDays) warnings.visitors = VISITOR_DAYS;
    if (partOf(metric, isAboutPages) === "entries") warnings[metric] = BY_ENTRY_PAGE;
  }
  return Object.keys(warnings).length === 0 ? {} : { metric_warnings: warnings };
}
