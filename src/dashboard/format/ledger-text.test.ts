/** Holds the words of the ledger on the dashboard, and that no reason of the contract is left without them. */
import { describe, expect, it } from "vitest";
import { DROP_REASONS, REFUSAL_REASONS } from "../../event.ts";
import type { LedgerReport, LedgerTotals } from "../api-client.ts";
import {
  asksForAttention,
  hasMoreToTell,
  listLedgerWarnings,
  listOutcomes,
  nameOrigins,
  sumUpLedger,
} from "./ledger-text.ts";
import { explainReason } from "./reasons.ts";

const NOTHING: LedgerTotals = { received: 0, stored: 0, dropped: {}, refused: {}, client_lost: 0, in_flight: 0 };
const STORED = { received: 1204, stored: 1204 };
const MIXED = {
  received: 1206,
  stored: 1190,
  dropped: { duplicate: 3, bot: 9 },
  refused: { invalid_event: 4 },
};

function reportOf(totals: Partial<LedgerTotals>, rest: Partial<LedgerReport> = {}): LedgerReport {
  return { totals: { ...NOTHING, ...totals }, balanced: true, warnings: [], ...rest };
}

describe("the line about what arrived", () => {
  it.each<[Partial<LedgerTotals>, number | null, string]>([
    [{}, 0, "Nothing arrived in this range"],
    [{}, 2, "Nothing arrived in this range · 2 of no known site"],
    [STORED, null, "1,204 received, all stored"],
    [MIXED, 0, "1,206 received: 1,190 stored, 12 dropped, 4 refused"],
    [{ received: 3, stored: 1, in_flight: 2 }, 0, "3 received: 1 stored, 2 not answered yet"],
    [{ received: 3, refused: { log_unavailable: 3 } }, 0, "3 received: 0 stored, 3 refused"],
    [{ ...STORED, client_lost: 7 }, 1, "1,204 received, all stored · 7 lost by clients · 1 of no known site"],
  ])("sums up %j and %j of no known site", (own, unknown, line) => {
    const other = unknown === null ? null : reportOf({ received: unknown, refused: { invalid_json: unknown } });
    expect(sumUpLedger({ own: reportOf(own), unknown: other })).toBe(line);
  });
});

describe("the card about what arrived", () => {
  it.each<[string, Partial<LedgerTotals>, { more: boolean; attention: boolean }]>([
    ["all was stored", STORED, { more: false, attention: false }],
    ["the rest is on its way", { received: 2, stored: 1, in_flight: 1 }, { more: false, attention: false }],
    ["events were left out on purpose", { received: 1, dropped: { bot: 1 } }, { more: true, attention: false }],
    ["clients lost events", { ...STORED, client_lost: 1 }, { more: true, attention: false }],
    ["events were refused", MIXED, { more: true, attention: true }],
  ])("where %s", (_what, totals, { more, attention }) => {
    const ledger = { own: reportOf(totals), unknown: reportOf({}) };
    expect([hasMoreToTell(ledger), asksForAttention(ledger)]).toEqual([more, attention]);
  });

  it("is folded while only what no site can be told of was refused, and open where it does not add up", () => {
    const unknown = reportOf({ received: 1, refused: { invalid_json: 1 } });
    expect(asksForAttention({ own: reportOf(STORED), unknown })).toBe(false);
    expect(asksForAttention({ own: reportOf(STORED, { balanced: false }), unknown })).toBe(true);
    expect(hasMoreToTell({ own: reportOf(STORED, { balanced: false }), unknown: null })).toBe(true);
  });

  it("lists what became of events, most first within an outcome, and nothing that did not happen", () => {
    const rows = listOutcomes({ ...NOTHING, ...MIXED, client_lost: 2 });
    expect(rows.map(({ name, reason, count }) => `${name} ${reason ?? "-"} ${count}`)).toEqual([
      "Received - 1206",
      "Stored - 1190",
      "Dropped bot 9",
      "Dropped duplicate 3",
      "Refused invalid_event 4",
      "Lost by clients - 2",
    ]);
    expect(listOutcomes(NOTHING)).toEqual([]);
  });

  it("warns of a crash once, though it concerns both reports", () => {
    const own = reportOf({}, { warnings: ["a.com: too fast", "a crash"] });
    const unknown = reportOf({}, { warnings: ["a crash"] });
    expect(listLedgerWarnings({ own, unknown })).toEqual(["a.com: too fast", "a crash"]);
  });

  it("names ten refused origins at the most", () => {
    expect(nameOrigins([])).toBe("");
    expect(nameOrigins(["https://a.com"])).toBe("Origins refused since the server started: https://a.com.");
    expect(nameOrigins(Array.from({ length: 12 }, () => "https://a.com"))).toMatch(
      /(https:\/\/a\.com, ){9}.* and 2 more\.$/,
    );
  });

  it.each([...DROP_REASONS, ...REFUSAL_REASONS])("explains %s in sentences", (reason) => {
    expect(explainReason(reason)).toMatch(/^[A-Z].{20,}\.$/);
  });

  it("shows a reason that it does not know without an explanation", () => {
    const [, row] = listOutcomes({ ...NOTHING, received: 1, dropped: { toString: 1 } });
    expect(row).toEqual({ name: "Dropped", reason: "toString", meaning: "", count: 1 });
  });
});
