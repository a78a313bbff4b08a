/** 4.4 in the store: how old the oldest event is that an answer counts, asked with a key as the dashboard asks. */
import { firstKeptDay } from "../../log/files/retention-days.ts";
import { type Check, type Evidence, type Finding, pass, skip, warn } from "../check.ts";
import type { Given } from "../inputs.ts";
import { recordsOf } from "../smoke/judge-answers.ts";

/** An event may be received up to 24 h after it happened (contract.md, `timestamp`), and is kept by when it was received. */
const LATE_DAYS = 1;

export const STORE_CHECKS: readonly Check[] = [
  {
    id: "rotation.oldest-in-store",
    line: "4.4",
    severity: "high",
    asks: "No answer counts an event that is older than the retention",
    how: "Asks POST /api/query for the events of all days of each site, robots and all, and takes the oldest day.",
    remedy: "See the warnings of health about retention; passerby replay builds the store anew from the log.",
    needs: ["live", "key", "settings"],
    after: ["environment.settings-parse", "health.collector-answers", "tests.smoke-finds-event"],
    run: judgeOldestDay,
  },
];

async function judgeOldestDay(given: Given): Promise<Finding> {
  const [{ settings, whereIs }, key] = [await given.need("settings"), await given.need("key")];
  const asked: Evidence[] = [];
  const days: string[] = [];
  for (const { name } of settings.sites) {
    const { status, day } = await askOldestDay(given, name, key);
    // A key may be for one site only; what it may not read is not its owner's question.
    if (status !== 200) continue;
    asked.push({ what: `oldest day of ${name}`, found: day ?? "(no events yet)", where: "POST /api/query" });
    if (day !== undefined) days.push(day);
  }
  if (asked.length === 0) return skip("the key may ask for none of the configured sites: give one of scope read");
  const retention = {
    what: "METRICS_RETENTION_DAYS",
    found: `${settings.retentionDays}`,
    where: whereIs("METRICS_RETENTION_DAYS"),
  };
  const oldestAllowed = firstKeptDay(settings.retentionDays + LATE_DAYS, given.nowMs());
  if (days.every((day) => day >= oldestAllowed)) return pass(...asked, retention);
  const text =
    `Nothing before ${oldestAllowed} is expected. It is right for imports, which are kept by --keep, and for what a server ` +
    "sent with a key and an old timestamp; for anything else see the warnings of health about retention.";
  return warn([...asked, retention], { text });
}

async function askOldestDay(
  given: Given,
  site: string,
  key: string,
): Promise<{ readonly status: number; readonly day: string | undefined }> {
  const live = await given.need("live");
  const answer = await live.ask("/api/query", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify({
      ...{ site, metrics: ["events"], date_range: "all", dimensions: ["time:day"] },
      filters: [["is", "visit:is_bot", ["true", "false"]]],
      ...{ order_by: [["time:day", "asc"]], pagination: { limit: 1 } },
    }),
  });
  const [row] = recordsOf(answer, "results");
  const labels: unknown = row?.["dimensions"];
  const day: unknown = Array.isArray(labels) ? labels[0] : undefined;
  return { status: answer.status, day: typeof day === "string" ? day : undefined };
}
