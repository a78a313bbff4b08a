/** Rules to paste where one is missing; a test has Prometheus load them and the doctor judge them. */
import { ALERT_METRICS } from "./alert-kinds.ts";

const SUGGESTIONS = ["diskWarning", "diskCritical", "rotation", "limits", "spikes"] as const;
export type SuggestionName = (typeof SUGGESTIONS)[number];

type SuggestedRule = {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly severity: "warning" | "critical";
  readonly summary: string;
};

const { diskFreeRatio, rotated, limitedRatio, received } = ALERT_METRICS;

/** A spike is five times the rate of the day before, and more than one event a second. */
const SUGGESTED_RULES: Readonly<Record<SuggestionName, SuggestedRule>> = {
  diskWarning: {
    alert: "PasserbyDiskFillsUp",
    expr: `${diskFreeRatio} < 0.2`,
    for: "5m",
    severity: "warning",
    summary: "The disk of the data directory is 80 % full.",
  },
  diskCritical: {
    alert: "PasserbyDiskAlmostFull",
    expr: `${diskFreeRatio} < 0.1`,
    for: "1m",
    severity: "critical",
    summary: "The disk of the data directory is 90 % full.",
  },
  rotation: {
    alert: "PasserbyRotationFails",
    expr: `time() - ${rotated} > 3600 or absent(${rotated})`,
    for: "15m",
    severity: "warning",
    summary: "No rotation has succeeded for an hour.",
  },
  limits: {
    alert: "PasserbyRefusesForRate",
    expr: `${limitedRatio} > 0.05`,
    for: "5m",
    severity: "warning",
    summary: "More than 5 % of the requests are answered 429.",
  },
  spikes: {
    alert: "PasserbyTrafficSpike",
    expr: `rate(${received}[10m]) > 5 * rate(${received}[1d] offset 10m) and rate(${received}[10m]) > 1`,
    for: "10m",
    severity: "warning",
    summary: "Five times as many events as on the day before.",
  },
};

/** The rules, all by default, as a file that `rule_files` of Prometheus may name, by lines. */
export function ruleFileLines(names: readonly SuggestionName[] = SUGGESTIONS): readonly string[] {
  return [
    "groups:",
    "  - name: passerby",
    "    rules:",
    ...names
      .map((name) => SUGGESTED_RULES[name])
      .flatMap((rule) => [
        `      - alert: ${rule.alert}`,
        `        expr: ${rule.expr}`,
        `        for: ${rule.for}`,
        `        labels: { severity: ${rule.severity} }`,
        `        annotations: { summary: "${rule.summary}" }`,
      ]),
  ];
}
