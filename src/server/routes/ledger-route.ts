/** `GET /api/metrics/ledger` for a key that may read, and the same answer for `passerby ledger` over the control channel. */
import type { FastifyInstance } from "fastify";
import { Compile } from "typebox/compile";
import { parseTimestamp } from "../../collector/intake/decode.ts";
import { minuteOf, UNKNOWN_SITE } from "../../collector/ledger/counts.ts";
import {
  LEDGER_STEPS,
  type LedgerQuestion,
  type LedgerReport,
  reportLedger,
} from "../../collector/ledger/ledger-report.ts";
import type { LedgerReader } from "../../collector/ledger/open-ledger.ts";
import { PasserbyError } from "../../errors.ts";
import type { Json } from "../../log/owner/control-channel.ts";
import { requireKey, requireSite } from "../access/access.ts";
import type { ServerParts } from "./parts.ts";

const DAY_MS = 86_400_000;
/** Longest range that is told by the minute: more rows than these say nothing that an hour does not. */
const MAX_MINUTE_RANGE_MS = 2 * DAY_MS;

type Query = { site?: string; from?: string; to?: string; by?: string };

const question = Compile({
  type: "object",
  required: ["fromMs", "toMs", "by", "site"],
  properties: {
    fromMs: { type: "integer" },
    toMs: { type: "integer" },
    by: { type: "string", enum: [...LEDGER_STEPS] },
    site: { anyOf: [{ type: "string" }, { type: "null" }] },
  },
} as const);

/** Adds the route under `/api/metrics`. */
export function addLedgerRoute(app: FastifyInstance, parts: ServerParts): void {
  app.get<{ Querystring: Query }>("/ledger", async (request) => {
    const key = requireKey(request, parts.keys, "read");
    const site = request.query.site ?? key.site;
    if (site !== null) requireSite(key, site);
    checkSite(site, parts);
    return report(readQuestion(request.query, site, parts.clock.now()), parts.ledger);
  });
}

/** Answers the command `ledger` of the control channel, whose arguments are a LedgerQuestion. */
export async function answerLedger(args: Json, ledger: LedgerReader | undefined): Promise<Json> {
  if (!isQuestion(args)) throw new PasserbyError("invalid_request", "send fromMs, toMs, by and site");
  if (ledger === undefined) throw new PasserbyError("store_unavailable", "the server is still starting: ask again");
  return report(args, ledger);
}

function isQuestion(value: unknown): value is LedgerQuestion {
  return question.Check(value);
}

async function report(asked: LedgerQuestion, ledger: LedgerReader): Promise<LedgerReport> {
  return reportLedger(await ledger.read(asked), asked);
}

/** Throws `invalid_request` unless a site is configured, `(unknown)`, or null for all. */
export function checkSite(site: string | null, { settings }: Pick<ServerParts, "settings">): void {
  if (site === null || site === UNKNOWN_SITE || settings.sites.some(({ name }) => name === site)) return;
  throw new PasserbyError("invalid_request", "site must be the name of a configured site, or (unknown)");
}

function readQuestion(query: Query, site: string | null, nowMs: number): LedgerQuestion {
  const toMs = query.to === undefined ? nowMs : readTime("to", query.to);
  const fromMs = query.from === undefined ? toMs - DAY_MS : readTime("from", query.from);
  if (fromMs >= toMs) throw new PasserbyError("invalid_request", "from must be before to");
  const by = LEDGER_STEPS.find((step) => step === (query.by ?? "total"));
  if (by === undefined) throw new PasserbyError("invalid_request", `by must be one of ${LEDGER_STEPS.join(", ")}`);
  if (by === "minute" && toMs - fromMs > MAX_MINUTE_RANGE_MS) {
    throw new PasserbyError(
      "invalid_request",
      "by=minute takes a range of 2 days at the most: give from and to, or by=hour",
    );
  }
  return { fromMs: minuteOf(fromMs), toMs, by, site };
}

function readTime(name: string, text: string): number {
  const time = parseTimestamp(text);
  if (time !== undefined) return time;
  throw new PasserbyError("invalid_request", `${name} must be an ISO 8601 date and time, such as 2026-01-31T12:00:00Z`);
}
