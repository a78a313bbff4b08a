/** Section 7, what watches the deployment: alert rules in Prometheus, the rotator's output, the weekly review. */
import { parseDocument } from "yaml";
import { type Check, type Evidence, type Finding, fail, pass, skip, warn } from "../check.ts";
import type { Given } from "../inputs.ts";
import {
  ALERT_METRICS,
  type Alert,
  diskThresholds,
  isAboutLimits,
  isAboutRotation,
  isAboutSpikes,
  isOurs,
  listAlerts,
} from "../monitoring/alert-kinds.ts";
import { askPrometheus, listRules, listSources, listTargets } from "../monitoring/prometheus-api.ts";
import { ruleFileLines, type SuggestionName } from "../monitoring/suggested-rules.ts";
import { listIn, textIn } from "../probe/json-values.ts";

const ANSWERS = "health.prometheus-answers";
const PASTE = "Put this into a file that rule_files of prometheus.yml names, then reload Prometheus.";
/** A little more than asked is no fault: 0.2 of the disk free and 80 % of it used are the same. */
const ROUNDING = 0.001;

async function checkAnswers(given: Given): Promise<Finding> {
  const rules = await listRules(given);
  return pass({ what: "rules", found: String(rules.length), where: (await given.need("prometheus")).host });
}

async function checkScraped(given: Given): Promise<Finding> {
  const { build } = ALERT_METRICS;
  const sources = await listSources(given, `last_over_time(${build}[1d])`);
  const targets = await listTargets(given);
  const ours = targets.filter(({ job, instance }) =>
    sources.some((source) => source.job === job && source.instance === instance),
  );
  if (ours.length === 0) {
    return fail([{ what: build, found: "no target that is scraped has it" }], {
      text: "Let Prometheus scrape the collector's admin listener (METRICS_ADMIN_LISTEN), from its network.",
      commands: [
        "scrape_configs:",
        "  - job_name: passerby",
        '    static_configs: [{ targets: ["172.30.232.3:9464"] }]',
      ],
    });
  }
  const seen = ours.map(({ instance, health, error }) => ({
    what: instance,
    found: error === "" ? health : `${health}: ${error}`,
  }));
  if (ours.some(({ health }) => health === "up")) return pass(...seen);
  return fail(seen, { text: "See that the collector runs and that Prometheus reaches its admin listener." });
}

async function checkEvaluated(given: Given): Promise<Finding> {
  const alerts = listAlerts(await listRules(given)).filter(isOurs);
  const broken = alerts.filter(({ health }) => health === "err");
  const evidence = (some: readonly Alert[]): readonly Evidence[] =>
    some.map(({ name, lastError, file, health }) => ({ what: name, found: lastError || health, where: file }));
  if (broken.length > 0) {
    return fail(evidence(broken), {
      text: "Mend the expression: promtool check rules, then promtool query instant, tell why.",
    });
  }
  const waiting = alerts.filter(({ health }) => health !== "ok");
  if (waiting.length > 0) {
    return warn(evidence(waiting), { text: "Prometheus has not evaluated these yet: ask again in a minute." });
  }
  return pass({ what: "health", found: `${alerts.length} alerts are evaluated without an error` });
}

async function checkDelivered(given: Given): Promise<Finding> {
  // What is found by discovery is missing for some seconds after a reload; the configuration says it at once.
  const config = textIn(await askPrometheus(given, "api/v1/status/config"), "yaml");
  const named: readonly unknown[] = listIn(parseDocument(config).toJS(), "alerting", "alertmanagers");
  if (named.length > 0) return pass({ what: "alerting.alertmanagers", found: `${named.length} named` });
  return warn([{ what: "alerting.alertmanagers", found: "(none)", where: "prometheus.yml" }], {
    text: "Name an Alertmanager in prometheus.yml: an alert that nobody is told of wakes nobody.",
    commands: ["alerting:", "  alertmanagers:", '    - static_configs: [{ targets: ["127.0.0.1:9093"] }]'],
  });
}

async function checkDisk(given: Given): Promise<Finding> {
  const alerts = listAlerts(await listRules(given)).filter((alert) => diskThresholds(alert).length > 0);
  const shares = [...new Set(alerts.flatMap(diskThresholds))].sort((a, b) => a - b);
  const [first = 1] = shares;
  const hasEarly = first <= 0.8 + ROUNDING;
  const hasLate = shares.some((share) => share <= 0.9 + ROUNDING && !(hasEarly && share - first < ROUNDING));
  const seen = alerts.map(({ name, query, file }) => ({ what: name, found: query, where: file }));
  const missing: readonly SuggestionName[] = [
    ...(hasEarly ? [] : (["diskWarning"] as const)),
    ...(hasLate ? [] : (["diskCritical"] as const)),
  ];
  if (missing.length === 0) return pass(...seen);
  const evidence = seen.length === 0 ? [{ what: "alert on the disk", found: "(none)" }] : seen;
  const asked = missing.map((name) => (name === "diskWarning" ? "80 %" : "90 %")).join(" and ");
  return fail(evidence, { text: `No alert fires at ${asked}. ${PASTE}`, commands: ruleFileLines(missing) });
}

/** A check that some alert is of a kind. */
function alertCheck(name: string, asks: string, suggestion: SuggestionName, isOne: (alert: Alert) => boolean): Check {
  return {
    id: `health.alert-${name}`,
    line: "7.4",
    severity: "medium",
    asks,
    how: "Reads the alerting rules of Prometheus and judges each by the metrics in its expression, with recorded rules put in.",
    remedy: "Load the rule that the finding prints.",
    needs: ["prometheus"],
    after: [ANSWERS],
    run: async (given) => {
      const found = listAlerts(await listRules(given)).filter(isOne);
      if (found.length > 0) return pass(...found.map(({ name: what, query }) => ({ what, found: query })));
      return fail([{ what: `alert on ${name}`, found: "(none)" }], {
        text: PASTE,
        commands: ruleFileLines([suggestion]),
      });
    },
  };
}

export const MONITORING_CHECKS: readonly Check[] = [
  {
    id: ANSWERS,
    line: "7.4",
    severity: "medium",
    asks: "Prometheus answers",
    how: "GET /api/v1/rules below the address of --prometheus.",
    remedy: "Give the address at which its API answers; a user and a password may stand in it.",
    needs: ["prometheus"],
    judges: "prometheus",
    run: checkAnswers,
  },
  {
    id: "health.metrics-scraped",
    line: "7.4",
    severity: "medium",
    asks: "Prometheus scrapes the collector",
    how: `Asks which targets had ${ALERT_METRICS.build} within a day, and whether one of them is up.`,
    remedy: "Let Prometheus scrape the collector's admin listener.",
    needs: ["prometheus"],
    after: [ANSWERS],
    run: checkScraped,
  },
  {
    id: "health.alert-disk",
    line: "7.4",
    severity: "high",
    asks: "Alerts fire when the disk of the data directory is 80 % and 90 % full",
    how: "Reads the alerting rules of Prometheus; thresholds on passerby_disk_free_ratio, passerby_disk_level or the figures of node_exporter count, and an earlier one is as good.",
    remedy: "Load the rules that the finding prints.",
    needs: ["prometheus"],
    after: [ANSWERS],
    run: checkDisk,
  },
  alertCheck("rotation", "An alert fires when rotation fails", "rotation", isAboutRotation),
  alertCheck("429", "An alert fires when many requests are answered 429", "limits", isAboutLimits),
  alertCheck("spikes", "An alert fires when far more events come than usual", "spikes", isAboutSpikes),
  {
    id: "health.alerts-evaluated",
    line: "7.4",
    severity: "high",
    asks: "Prometheus evaluates these alerts without an error",
    how: "Reads the health of each alerting rule that speaks of a metric of ours or of disks.",
    remedy: "Mend the expression of the rule.",
    needs: ["prometheus"],
    after: [ANSWERS],
    run: checkEvaluated,
  },
  {
    id: "health.alerts-delivered",
    line: "7.4",
    severity: "medium",
    asks: "Prometheus has an Alertmanager to tell",
    how: "Reads alerting in the configuration that Prometheus has loaded.",
    remedy: "Name an Alertmanager in prometheus.yml.",
    needs: ["prometheus"],
    after: [ANSWERS],
    run: checkDelivered,
  },
  {
    id: "health.weekly-review",
    line: "7.6",
    severity: "low",
    asks: "Somebody looks at by_event every week",
    how: "Not seen by the doctor: passerby review, which will write the review, does not exist yet.",
    remedy: "Look at the dashboard once a week; compare events with the week before.",
    needs: [],
    run: () => skip("passerby review does not exist yet; until then a person has to look at the dashboard once a week"),
  },
];
