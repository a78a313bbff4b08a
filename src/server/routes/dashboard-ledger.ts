/** The ledger as the dashboard asks for it: one site over a range of dates, and beside it what no site can be told of. */
import { Compile } from "typebox/compile";
import { minuteOf, UNKNOWN_SITE } from "../../collector/ledger/counts.ts";
import { type LedgerReport, reportLedger } from "../../collector/ledger/ledger-report.ts";
import type { TimeRange } from "../../collector/ledger/read-ledger.ts";
import { PasserbyError } from "../../errors.ts";
import { resolveRange } from "../../query/date-range.ts";
import { parseDateRange, parseTimezone } from "../../query/parse-query.ts";
import { requireSite } from "../access/access.ts";
import type { Session } from "../access/sign-in-sessions.ts";
import { checkSite } from "./ledger-route.ts";
import type { ServerParts } from "./parts.ts";

/** Two reports of one moment. */
export type SiteLedger = {
  readonly own: LedgerReport;
  /** What no site can be told of, such as a body that is no JSON; null for a reader who may see one site only. */
  readonly unknown: LedgerReport | null;
};

const ledgerBody = Compile({
  type: "object",
  additionalProperties: false,
  required: ["site", "date_range", "timezone"],
  properties: { site: { type: "string", maxLength: 253 }, date_range: {}, timezone: {} },
} as const);

/**
 * Answers `POST /api/ledger`: `{"site":…,"date_range":…,"timezone":…}`, the last two as in a question; an event counts
 * when it came. Throws `invalid_request`, `invalid_query` and `scope_missing`.
 */
export async function answerSiteLedger(
  body: unknown,
  session: Session,
  parts: Pick<ServerParts, "ledger" | "settings" | "clock">,
): Promise<SiteLedger> {
  if (!ledgerBody.Check(body)) throw new PasserbyError("invalid_request", "send site, date_range and timezone");
  requireSite(session, body.site);
  checkSite(body.site, parts);
  const range = readRange(body, parts.clock.now());
  const view = await parts.ledger.read(range);
  const report = (site: string): LedgerReport => reportLedger(view, { ...range, by: "total", site });
  return { own: report(body.site), unknown: session.site === null ? report(UNKNOWN_SITE) : null };
}

function readRange(body: { readonly date_range?: unknown; readonly timezone?: unknown }, nowMs: number): TimeRange {
  const dateRange = parseDateRange(body.date_range);
  const timezone = parseTimezone(body.timezone);
  // The ledger is older than the store's first event where nothing has been stored: all is whatever its files hold.
  if (dateRange === "all") return { fromMs: 0, toMs: nowMs };
  const { from, to } = resolveRange(dateRange, { timezone, now: nowMs, firstEventAt: null, trim: true });
  return { fromMs: minuteOf(from), toMs: to };
}
