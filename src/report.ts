/**
 * The other contract: a question (`POST /api/query`) and its answer. Its shape is that of Plausible's Stats API v2, so
 * that clients and scripts written for it work here (plausible.io/docs/stats-api); `timezone` and the intervals are ours.
 */

/**
 * What can be counted. `visitors`, `pageviews` and `events` count events of the range that are not passive; `visits`
 * counts visits that began in it, or those of them that hold an event which the question names. `bounce_rate`,
 * `visit_duration` and `views_per_visit` are means over visits; of a page they are those of visits that began on it.
 * A bounce has less than two page views and no other event but passive ones.
 */
export const METRICS = [
  "visitors",
  "visits",
  "pageviews",
  "events",
  "bounce_rate",
  "visit_duration",
  "views_per_visit",
] as const;
export type Metric = (typeof METRICS)[number];

/** Dimensions of a single event; a filter on them picks events. */
export const EVENT_DIMENSIONS = ["event:page", "event:name"] as const;
/** Dimensions of a visit, fixed by its first event; a filter on them picks visits. */
export const VISIT_DIMENSIONS = [
  "visit:entry_page",
  "visit:exit_page",
  "visit:source",
  "visit:browser",
  "visit:os",
  "visit:device",
] as const;
/**
 * Buckets of time in the zone of the question. `time` is hours for up to a day, days for up to 93 days, else months. A
 * visit is in the bucket of its first event. Labels are `2026-11-23` or `2026-11-23 14:00:00`; an hour that a clock
 * change repeats has its offset added (`2026-10-25 02:00:00+01:00`).
 */
export const TIME_DIMENSIONS = ["time", "time:hour", "time:day", "time:week", "time:month"] as const;

/** Dimensions that only filters name. */
export const FILTER_ONLY_DIMENSIONS = ["visit:is_bot"] as const;

export type EventDimension = (typeof EVENT_DIMENSIONS)[number];
export type VisitDimension = (typeof VISIT_DIMENSIONS)[number];
export type TimeDimension = (typeof TIME_DIMENSIONS)[number];
export type Dimension = EventDimension | VisitDimension | TimeDimension;
export type FilterDimension = EventDimension | VisitDimension | (typeof FILTER_ONLY_DIMENSIONS)[number];

export const FILTER_OPERATORS = ["is", "is_not", "contains", "contains_not"] as const;
export type FilterOperator = (typeof FILTER_OPERATORS)[number];

/**
 * One condition; its values are OR'ed, several conditions AND'ed. `is` compares whole values, `contains` looks for text
 * within them, both with case; what is missing is `Direct / None` as a source, else `(not set)`. `visit:is_bot` takes
 * `is` or `is_not` with `true` or `false`.
 */
export type Filter = readonly [FilterOperator, FilterDimension, readonly string[]];

/**
 * `day` (today), `24h`, `Nd`, `Nmo`, `month`, `year`, `all`, or a pair of ISO dates or of ISO date-times with offset.
 * As in the Stats API, `7d` and the like end yesterday and `6mo` with the last month; `day`, `month`, `year` and `all`
 * include today. The last day or second of a pair is part of it. Years 1970 to 2199.
 */
export type DateRange = string | readonly [string, string];

export type OrderBy = readonly (readonly [Metric | Dimension, "asc" | "desc"])[];

/** A question after parsing: every field present, every name from a closed list. */
export type Query = {
  readonly site: string;
  readonly metrics: readonly Metric[];
  readonly dateRange: DateRange;
  readonly dimensions: readonly Dimension[];
  readonly filters: readonly Filter[];
  readonly orderBy: OrderBy;
  readonly include: {
    readonly timeLabels: boolean;
    readonly totalRows: boolean;
    readonly comparisons: "previous_period" | null;
    /** Cuts `day` after the current hour, and `month` and `year` after today, so that no empty future is compared. */
    readonly trimRelativeDateRange: boolean;
  };
  readonly pagination: { readonly limit: number; readonly offset: number };
  /** IANA name; default UTC. */
  readonly timezone: string;
};

/** 95 % interval of a figure; null where the figure is exact (every visitor kept). */
export type Interval = readonly [low: number, high: number] | null;

export type AnswerRow = {
  /** One value per dimension of the question, as text. */
  readonly dimensions: readonly string[];
  /** One figure per metric; bounce_rate in percent, visit_duration in seconds; null where nothing can be said. */
  readonly metrics: readonly (number | null)[];
  readonly intervals?: readonly Interval[];
  readonly comparison?: {
    readonly dimensions: readonly string[];
    readonly metrics: readonly (number | null)[];
    /** Change in percent, rounded; 100 from nothing to something; null where either side is unknown. */
    readonly change: readonly (number | null)[];
  };
};

export type AnswerMeta = {
  readonly time_labels?: readonly string[];
  /** The labels of the period before, where both `time_labels` and a comparison were asked for. */
  readonly comparison_time_labels?: readonly string[];
  readonly total_rows?: number;
  /** True when some visitors were left out by sampling; the figures are then estimates with intervals. */
  readonly sampled: boolean;
  /** Events of robots in the range that the answer leaves out. */
  readonly bots_excluded: number;
  /** Why a figure may not mean what it seems to, by metric. */
  readonly metric_warnings?: Readonly<Partial<Record<Metric, { readonly code: string; readonly warning: string }>>>;
};

export type Answer = {
  readonly results: readonly AnswerRow[];
  readonly meta: AnswerMeta;
  /** The question as understood, with the range resolved to two instants. */
  readonly query: {
    readonly site: string;
    readonly metrics: readonly Metric[];
    readonly date_range: readonly [string, string];
    readonly dimensions: readonly Dimension[];
    readonly filters: readonly Filter[];
    readonly order_by: OrderBy;
    readonly include: Readonly<Record<string, unknown>>;
    readonly pagination: { readonly limit: number; readonly offset: number };
    readonly timezone: string;
  };
};
