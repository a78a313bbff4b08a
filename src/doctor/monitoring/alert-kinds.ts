/**
 * What a rule of Prometheus warns of, told from the metrics in its expression: names and thresholds of alerts are their
 * owner's. Rules that record are put in where an alert names them.
 */
import type { Rule } from "./prometheus-api.ts";

/** Our metrics that rules are about; a test holds the names against the table of the server. */
export const ALERT_METRICS = {
  build: "passerby_build_info",
  diskFreeRatio: "passerby_disk_free_ratio",
  diskLevel: "passerby_disk_level",
  rotated: "passerby_rotator_last_success_timestamp_seconds",
  limitedRatio: "passerby_http_rate_limited_ratio",
  requests: "passerby_http_requests_total",
  received: "passerby_events_received_total",
  events: "passerby_events_total",
} as const;

/** Alerting rules with their expressions written out. */
export type Alert = Pick<Rule, "name" | "health" | "lastError" | "file"> & { readonly query: string };

/** More would be a circle. */
const MAX_DEPTH = 8;

/** The alerts among the rules, recorded expressions put in place of their names. */
export function listAlerts(rules: readonly Rule[]): readonly Alert[] {
  const recorded = new Map(rules.flatMap(({ kind, name, query }) => (kind === "recording" ? [[name, query]] : [])));
  const expand = (query: string, depth: number): string =>
    query.replace(/[a-zA-Z_:][\w:]*/g, (word) => {
      const inner = recorded.get(word);
      return inner === undefined || depth === MAX_DEPTH ? word : `(${expand(inner, depth + 1)})`;
    });
  return rules.filter(({ kind }) => kind === "alerting").map((rule) => ({ ...rule, query: expand(rule.query, 0) }));
}

/** Used shares of the disk, 0 to 1, at which an alert fires; empty where it is not about disks. */
export function diskThresholds({ query }: Alert): readonly number[] {
  const text = withoutStrings(query);
  const comparisons = [...text.matchAll(/(<=?|>=?|==)\s*(?:bool\s+)?(\d*\.?\d+(?:e[+-]?\d+)?)/g)];
  const numbers = comparisons.map(([, operator = "", value = ""]) => ({
    isBelow: operator.startsWith("<"),
    value: Number(value),
    operator,
  }));
  if (text.includes(ALERT_METRICS.diskLevel)) {
    return numbers
      .filter(({ isBelow }) => !isBelow)
      .map(({ value, operator }) => (value + (operator === ">" ? 1 : 0) >= 2 ? 0.9 : 0.8));
  }
  const isShare =
    text.includes(ALERT_METRICS.diskFreeRatio) ||
    /node_filesystem_(avail|free)_bytes.*node_filesystem_size_bytes/s.test(text);
  if (!isShare) return [];
  return numbers.map(({ isBelow, value }) => {
    const share = value > 1 ? value / 100 : value;
    return isBelow ? 1 - share : share;
  });
}

/** True when an alert fires because no rotation has succeeded for a time, not only because none ever has. */
export function isAboutRotation({ query }: Alert): boolean {
  const text = withoutStrings(query).replace(/absent(_over_time)?\([^()]*(\([^()]*\))?[^()]*\)/g, "");
  return text.includes(ALERT_METRICS.rotated) && /[<>]/.test(text);
}

/** True when an alert counts requests that were refused for their rate, at the collector or at the edge. */
export function isAboutLimits({ query }: Alert): boolean {
  return (
    query.includes(ALERT_METRICS.limitedRatio) ||
    /(status|code|status_code)\s*=~?\s*"[^"]*(429|4\.\.|4xx|4\\d)/.test(query) ||
    /reason\s*=~?\s*"[^"]*rate_limited/.test(query)
  );
}

/** True when an alert fires above some rate of events or requests as a whole. */
export function isAboutSpikes(alert: Alert): boolean {
  const { received, events, requests } = ALERT_METRICS;
  const isCounted = [received, events, requests].some((name) => alert.query.includes(name));
  return isCounted && !isAboutLimits(alert) && />/.test(withoutStrings(alert.query));
}

/** True when an alert is one of those above, or speaks of a metric of ours. */
export function isOurs(alert: Alert): boolean {
  return alert.query.includes("passerby_") || diskThresholds(alert).length > 0;
}

function withoutStrings(query: string): string {
  return query.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '""');
}
