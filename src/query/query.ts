/**
 * Questions over the store: a parsed question in, an answer in the shape of report.ts out.
 *
 *   parse-query ▸ date-range, time-buckets ▸ units (what is counted) ▸ sql/ (sums) ▸ estimate, figures ▸ groups
 *   (rows) ▸ comparison ▸ order ▸ answer
 *
 * What is counted:
 * - events: not passive, in the range. `visitors` have at least one; `pageviews` are those named page_view.
 * - visits: those that began in the range, as a whole, in the bucket of their first event. With conditions or
 *   dimensions on events: those that hold a matching event, at any time of the visit.
 * - bounce_rate, visit_duration and views_per_visit of a page are those of visits that began on it.
 * - A visit's dimensions are its own for each of its events. A bounce has less than two page views and no other event
 *   but passive ones.
 * - Robots are left out unless a filter names `visit:is_bot`, smoke tests unless one names `event:name` `smoke_test`.
 *
 * Nothing a user sends becomes text of a statement. All statements of an answer see one state of the store.
 */
import type { Answer, AnswerRow, Query, TimeDimension } from "../report.ts";
import type { Ask } from "../store/duckdb.ts";
import type { Store } from "../store/store.ts";
import { comparer, withComparedBuckets } from "./comparison.ts";
import { asksForSmoke, isTimeDimension, namesRobots } from "./conditions.ts";
import { describeRange, previousRange, type ResolvedRange, resolveRange } from "./date-range.ts";
import { askGroups, type Group, type Groups } from "./groups.ts";
import { compareGroups } from "./order.ts";
import { refuse } from "./refusal.ts";
import { questionSql } from "./sql.ts";
import type { Range, TimeUnit } from "./time-buckets.ts";
import { eventUnits } from "./units.ts";
import { warnAbout } from "./warnings.ts";

/**
 * Answers a parsed question as of `now` (milliseconds since 1970). Throws `store_unavailable`, and `invalid_query` where
 * the range has too many buckets of the size asked for.
 */
export function answer(store: Store, query: Query, now: number): Promise<Answer> {
  return store.read((ask) => answerFrom(ask, query, now));
}

async function answerFrom(ask: Ask, query: Query, now: number): Promise<Answer> {
  const { timezone, include } = query;
  const firstEventAt = query.dateRange === "all" ? await askFirstEvent(ask, query.site) : null;
  const trim = include.trimRelativeDateRange;
  const range = resolveRange(query.dateRange, { timezone, now, firstEventAt, trim });
  const before = include.comparisons === null ? null : previousRange(range, timezone);
  const unit = chooseUnit(query, range);
  refuseTooFine(query, unit, range);
  const isSampled = await holdsSample(ask, query.site, { from: before?.from ?? range.from, to: range.to });
  const current = await askGroups(ask, query, { range, unit, isSampled });
  const previous = before && (await askGroups(ask, query, { range: before, unit, isSampled }));
  const groups = previous ? withComparedBuckets(query, current, previous) : current.groups;
  return {
    results: toRows(query, groups, { previous, isSampled }),
    meta: {
      ...(include.timeLabels && { time_labels: current.buckets.map(({ label }) => label) }),
      ...(include.timeLabels && previous && { comparison_time_labels: previous.buckets.map(({ label }) => label) }),
      ...(include.totalRows && { total_rows: groups.length }),
      sampled: isSampled,
      bots_excluded: await countRobots(ask, query, range),
      ...warnAbout(query, range),
    },
    query: describeQuery(query, range),
  };
}

type RowOptions = { readonly previous: Groups | null; readonly isSampled: boolean };

function toRows(query: Query, groups: readonly Group[], { previous, isSampled }: RowOptions): readonly AnswerRow[] {
  const { limit, offset } = query.pagination;
  const compare = previous && comparer(query, previous);
  return [...groups]
    .sort(compareGroups(query))
    .slice(offset, offset + limit)
    .map((group) => ({
      dimensions: group.dimensions,
      metrics: group.figures.map(({ value }) => value),
      ...(isSampled && { intervals: group.figures.map(({ interval }) => interval) }),
      ...(compare && { comparison: compare(group) }),
    }));
}

const DAY_MS = 86_400_000;

/** `time` is hours for up to a day (25 hours where clocks go back), days for up to three months, else months. */
function chooseUnit(query: Query, { from, to }: Range): TimeUnit {
  const asked = query.dimensions.find((dimension): dimension is TimeDimension => isTimeDimension(dimension));
  if (asked === "time:hour") return "hour";
  if (asked === "time:day") return "day";
  if (asked === "time:week") return "week";
  if (asked === "time:month") return "month";
  const days = (to - from) / DAY_MS;
  return days <= 25 / 24 ? "hour" : days <= 93 ? "day" : "month";
}

const MAX_BUCKETS = 10_000;
const SHORTEST_DAYS = { hour: 1 / 24, day: 23 / 24, week: 6.9, month: 28 } as const;

/** Refuses more buckets than an answer has rows, before any of them is made. */
function refuseTooFine({ dimensions }: Query, unit: TimeUnit, { from, to }: Range): void {
  const place = dimensions.findIndex(isTimeDimension);
  if (place < 0 || (to - from) / DAY_MS / SHORTEST_DAYS[unit] <= MAX_BUCKETS) return;
  throw refuse(
    `#/dimensions/${place}`,
    `time:${unit} over this range has more than ${MAX_BUCKETS} buckets; ask for longer ones`,
  );
}

async function askFirstEvent(ask: Ask, site: string): Promise<number | null> {
  const [row] = await ask(questionSql("first-event"), { site });
  const first = row?.["first_at"];
  return first instanceof Date ? first.getTime() : null;
}

async function holdsSample(ask: Ask, site: string, { from, to }: Range): Promise<boolean> {
  const [row] = await ask(questionSql("lowest-rate"), { site, from: new Date(from), to: new Date(to) });
  return Number(row?.["p"] ?? 1) < 1;
}

async function countRobots(ask: Ask, query: Query, range: Range): Promise<number> {
  if (namesRobots(query) || asksForSmoke(query)) return 0;
  const scope = { query: { ...query, dimensions: [] }, range, unit: "day", stretches: [] } as const;
  const units = eventUnits(scope, "only");
  const [row] = await ask(questionSql("robots", { units: units.sql }), units.parameters);
  return Number(row?.["events"] ?? 0);
}

function describeQuery(query: Query, range: ResolvedRange): Answer["query"] {
  const { include } = query;
  return {
    site: query.site,
    metrics: query.metrics,
    date_range: describeRange(range, query.timezone),
    dimensions: query.dimensions,
    filters: query.filters,
    order_by: query.orderBy,
    include: {
      ...(include.timeLabels && { time_labels: true }),
      ...(include.totalRows && { total_rows: true }),
      ...(include.comparisons !== null && { comparisons: { mode: include.comparisons } }),
      ...(include.trimRelativeDateRange && { trim_relative_date_range: true }),
    },
    pagination: query.pagination,
    timezone: query.timezone,
  };
}
