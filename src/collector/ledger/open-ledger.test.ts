/** The ledger adds up, stands on disk every second, and comes back exact after a crash. */
import { appendFileSync, mkdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { clockAt, LineWriter, ledgerFiles, openTestLedger } from "../../../test/fault/ledger-fixtures.ts";
import { makeFolder } from "../../../test/fault/log-fixtures.ts";
import { makeEvent } from "../../../test/fault/make-event.ts";
import { encodeLines } from "../../log/write/encode-line.ts";
import type { LedgerRow } from "./counts.ts";
import { type Ledger, openLedger } from "./open-ledger.ts";
import { readLedger } from "./read-ledger.ts";
import { settleLedgers } from "./settle-ledgers.ts";

const NOON = "2026-11-23T12:00:00.000Z";
const ALL = { fromMs: 0, toMs: Date.parse("2030-01-01") };

/** Counts requests whose events are stored, as the collector does. */
function store(ledger: Ledger, writer: LineWriter, event: { site: string; atMs: number; count: number }): void {
  ledger.at(event.atMs).received(event.site, event.count);
  const { batch, appended } = writer.write(event.count, event);
  ledger.stored(batch, appended);
}

/** A row as a line of text: `12:00 a.com 3 = 2 + bot 1`, with `?` where it is uncertain and `…` for what is in flight. */
function show(row: LedgerRow): string {
  const reasons = [...Object.entries(row.dropped), ...Object.entries(row.refused)];
  const parts = [row.stored, ...reasons.map(([reason, count]) => `${reason} ${count}`)].join(" + ");
  const open = row.inFlight > 0 ? ` … ${row.inFlight}` : "";
  const time = new Date(row.minuteMs).toISOString().slice(11, 16);
  return `${time} ${row.site} ${row.received} = ${parts}${open}${row.uncertain ? " ?" : ""}`;
}

async function shown(ledger: Ledger): Promise<readonly string[]> {
  return (await ledger.read(ALL)).rows.map(show);
}

describe("the ledger", () => {
  it("counts what came and what became of it by minute and site", async () => {
    const clock = clockAt(NOON);
    const dataDir = makeFolder();
    const ledger = await openTestLedger(dataDir, clock);
    const writer = new LineWriter(dataDir);
    store(ledger, writer, { site: "a.com", atMs: clock.now(), count: 2 });
    const minute = ledger.at(clock.now());
    minute.received("a.com", 2);
    minute.dropped("a.com", "bot");
    minute.received("(unknown)", 1);
    minute.refused("(unknown)", { reason: "invalid_json", count: 1 });
    clock.move(60_000);
    store(ledger, writer, { site: "b.org", atMs: clock.now(), count: 1 });
    ledger.at(clock.now()).lost("b.org", 7);
    expect(await shown(ledger)).toEqual([
      "12:00 (unknown) 1 = 0 + invalid_json 1",
      "12:00 a.com 4 = 2 + bot 1 … 1",
      "12:01 b.org 1 = 1",
    ]);
    expect((await ledger.read(ALL)).rows.at(-1)?.clientLost).toBe(7);
  });

  it("shows an event without an end as in flight at first, then as missing", async () => {
    const clock = clockAt(NOON);
    const ledger = await openTestLedger(makeFolder(), clock);
    ledger.at(clock.now()).received("a.com", 1);
    clock.move(119_000);
    expect(await shown(ledger)).toEqual(["12:00 a.com 1 = 0 … 1"]);
    clock.move(61_000);
    expect(await shown(ledger)).toEqual(["12:00 a.com 1 = 0"]);
  });

  it("is on disk after a flush, for its owner only, and is read there by others", async () => {
    const clock = clockAt(NOON);
    const dataDir = makeFolder();
    const ledger = await openTestLedger(dataDir, clock);
    store(ledger, new LineWriter(dataDir), { site: "a.com", atMs: clock.now(), count: 3 });
    await ledger.flush();
    expect((await readLedger(dataDir, ALL)).rows.map(show)).toEqual(["12:00 a.com 3 = 3"]);
    expect(ledgerFiles(dataDir)).toEqual(["ledger-2026-11-23.jsonl"]);
    expect(statSync(join(dataDir, "ledger-2026-11-23.jsonl")).mode & 0o777).toBe(0o600);
  });

  it("goes on after a clean close without any doubt", async () => {
    const clock = clockAt(NOON);
    const dataDir = makeFolder();
    const writer = new LineWriter(dataDir);
    const first = await openTestLedger(dataDir, clock);
    store(first, writer, { site: "a.com", atMs: clock.now(), count: 3 });
    await first.close();
    writer.restart();
    const second = await openTestLedger(dataDir, clock);
    store(second, writer, { site: "a.com", atMs: clock.now(), count: 4 });
    expect(await shown(second)).toEqual(["12:00 a.com 7 = 7"]);
    expect(second.arrivals("a.com")).toMatchObject({ received: 4, stored: 4 });
  });

  it("recounts what the log has stored since the last write, and doubts the other counts of that minute", async () => {
    const clock = clockAt(NOON);
    const dataDir = makeFolder();
    const writer = new LineWriter(dataDir);
    const first = await openTestLedger(dataDir, clock);
    store(first, writer, { site: "a.com", atMs: clock.now(), count: 3 });
    clock.move(60_000);
    store(first, writer, { site: "a.com", atMs: clock.now(), count: 1 });
    await first.flush();
    store(first, writer, { site: "a.com", atMs: clock.now(), count: 5 });
    writer.write(1, { site: "b.org", atMs: clock.now() });
    first.at(clock.now()).received("a.com", 1);
    clock.move(10_000);
    const second = await openTestLedger(dataDir, clock);
    const rows = ["12:00 a.com 3 = 3", "12:01 (unknown) 0 = 0 ?", "12:01 a.com 6 = 6 ?", "12:01 b.org 1 = 1 ?"];
    expect(await shown(second)).toEqual(rows);
    await second.close();
    expect(await shown(await openTestLedger(dataDir, clock))).toEqual(rows);
  });

  it("takes as received what is accounted for, where a crash has left events without an end", async () => {
    const clock = clockAt(NOON);
    const dataDir = makeFolder();
    const first = await openTestLedger(dataDir, clock);
    first.at(clock.now()).received("a.com", 4);
    first.at(clock.now()).dropped("a.com", "bot");
    await first.flush();
    expect(await shown(await openTestLedger(dataDir, clock))).toEqual([
      "12:00 (unknown) 0 = 0 ?",
      "12:00 a.com 1 = 0 + bot 1 ?",
    ]);
  });

  it("without any file counts what the log has, day by day", async () => {
    const clock = clockAt(NOON);
    const dataDir = makeFolder();
    const writer = new LineWriter(dataDir);
    for (const [days, count] of [
      [9, 2],
      [3, 1],
      [0, 4],
    ] as const) {
      writer.write(count, { site: "a.com", atMs: clock.now() - days * 86_400_000 });
    }
    const ledger = await openTestLedger(dataDir, clock);
    const rows = ["12:00 a.com 2 = 2 ?", "12:00 a.com 1 = 1 ?", "12:00 a.com 4 = 4 ?"];
    expect(await shown(ledger)).toEqual(rows);
    expect(ledgerFiles(dataDir)).toHaveLength(3);
    await ledger.close();
    for (const name of ledgerFiles(dataDir)) if (!name.includes("11-23")) rmSync(join(dataDir, name));
    expect(await shown(await openTestLedger(dataDir, clock))).toEqual(["12:00 a.com 4 = 4 ?"]);
  });

  it("counts all anew when the log has lost the line that it stood at", async () => {
    const clock = clockAt(NOON);
    const dataDir = makeFolder();
    const writer = new LineWriter(dataDir);
    const first = await openTestLedger(dataDir, clock);
    store(first, writer, { site: "a.com", atMs: clock.now(), count: 3 });
    await first.flush();
    writeFileSync(join(dataDir, "metrics.jsonl"), "");
    writer.restart();
    writer.write(2, { site: "a.com", atMs: clock.now() });
    expect(await shown(await openTestLedger(dataDir, clock))).toContain("12:00 a.com 2 = 2 ?");
  });

  it("takes nothing from a write that was cut off", async () => {
    const clock = clockAt(NOON);
    const dataDir = makeFolder();
    const ledger = await openTestLedger(dataDir, clock);
    store(ledger, new LineWriter(dataDir), { site: "a.com", atMs: clock.now(), count: 1 });
    await ledger.close();
    const path = join(dataDir, "ledger-2026-11-23.jsonl");
    const row =
      readFileSync(path, "utf8")
        .split("\n")
        .find((line) => line.includes("a.com")) ?? "";
    const cutOff = row.replace('"n":2', '"n":9').replace('"stored":1', '"stored":5');
    expect(cutOff).not.toBe(row);
    appendFileSync(path, `${cutOff}\n{"n":9,"at":"2026-11-23T12`);
    const again = await openTestLedger(dataDir, clock);
    expect(await shown(again)).toEqual(["12:00 a.com 1 = 1"]);
    ledger.at(clock.now());
    store(again, new LineWriter(dataDir), { site: "a.com", atMs: clock.now(), count: 1 });
    await again.flush();
    expect((await readLedger(dataDir, ALL)).rows.map(show)).toEqual(["12:00 a.com 2 = 2"]);
  });

  it("keeps a file far below what was written to it, and loses no row over midnight", async () => {
    const clock = clockAt("2026-11-23T23:40:00.000Z");
    const dataDir = makeFolder();
    const writer = new LineWriter(dataDir);
    const ledger = await openTestLedger(dataDir, clock);
    for (let second = 0; second < 1_500; second++) {
      for (const site of ["a.com", "b.org", "c.net", "d.dev"])
        store(ledger, writer, { site, atMs: clock.now(), count: 1 });
      await ledger.flush();
      clock.move(1_000);
    }
    const { rows } = await ledger.read(ALL);
    expect(rows).toHaveLength(4 * 25);
    expect(rows.every((row) => row.stored === 60 && row.received === 60)).toBe(true);
    expect(ledgerFiles(dataDir)).toEqual(["ledger-2026-11-23.jsonl", "ledger-2026-11-24.jsonl"]);
    expect(statSync(join(dataDir, "ledger-2026-11-23.jsonl")).size).toBeLessThan(100 * 200);
    await ledger.close();
    expect((await readLedger(dataDir, ALL)).rows).toEqual(rows);
  });

  it("is deleted with the events that it counts", async () => {
    const clock = clockAt(NOON);
    const dataDir = makeFolder();
    const writer = new LineWriter(dataDir);
    const ledger = await openTestLedger(dataDir, clock);
    store(ledger, writer, { site: "a.com", atMs: clock.now(), count: 1 });
    await ledger.flush();
    clock.move(30 * 86_400_000);
    await ledger.flush();
    expect(ledgerFiles(dataDir)).toEqual(["ledger-2026-11-23.jsonl", "ledger-2026-12-23.jsonl"]);
    clock.move(86_400_000);
    await ledger.flush();
    expect(ledgerFiles(dataDir)).toEqual(["ledger-2026-12-23.jsonl", "ledger-2026-12-24.jsonl"]);
  });

  it("adds up the files of several writers", async () => {
    const clock = clockAt(NOON);
    const dataDir = makeFolder();
    const ledger = await openTestLedger(dataDir, clock);
    store(ledger, new LineWriter(dataDir), { site: "a.com", atMs: clock.now(), count: 2 });
    await ledger.close();
    const text = readFileSync(join(dataDir, "ledger-2026-11-23.jsonl"), "utf8");
    writeFileSync(join(dataDir, "ledger-2026-11-23.w2.jsonl"), text);
    expect((await readLedger(dataDir, ALL)).rows.map(show)).toEqual(["12:00 a.com 4 = 4"]);
  });

  it("of a writer that runs no more is made good by the next start, once", async () => {
    const clock = clockAt(NOON);
    const dataDir = makeFolder();
    const options = { dataDir, clock, retentionDays: 30, onWarning: () => undefined };
    const second = await openLedger({ ...options, writer: 2 });
    second.at(clock.now()).received("a.com", 2);
    second.at(clock.now()).dropped("a.com", "bot");
    await second.flush();
    const third = { site: "b.org", receivedAt: NOON };
    const lines = encodeLines([makeEvent("e", third)], { writer: "w3", start: "s", seq: 0 });
    writeFileSync(join(dataDir, "metrics-2026-11-23.w3.1.jsonl"), lines);
    await settleLedgers(options, new Set([1]));
    const { rows, finalBeforeMs } = await readLedger(dataDir, ALL);
    expect(rows.map(show)).toEqual(["12:00 (unknown) 0 = 0 ?", "12:00 a.com 1 = 0 + bot 1 ?", "12:00 b.org 1 = 1 ?"]);
    expect(finalBeforeMs).toBe(Number.POSITIVE_INFINITY);
    clock.move(86_400_000);
    await settleLedgers(options, new Set([1]));
    expect(ledgerFiles(dataDir)).toEqual(["ledger-2026-11-23.w2.jsonl", "ledger-2026-11-23.w3.jsonl"]);
    clock.move(31 * 86_400_000);
    await settleLedgers(options, new Set([1]));
    expect(ledgerFiles(dataDir)).toEqual([]);
  });

  it("warns once while its file cannot be written, counts on, and writes all when it can", async () => {
    const clock = clockAt(NOON);
    const dataDir = makeFolder();
    const warnings: string[] = [];
    const inTheWay = join(dataDir, "ledger-2026-11-23.jsonl");
    const ledger = await openTestLedger(dataDir, clock, warnings);
    rmSync(inTheWay);
    mkdirSync(inTheWay);
    store(ledger, new LineWriter(dataDir), { site: "a.com", atMs: clock.now(), count: 2 });
    await ledger.flush();
    expect(warnings).toEqual([expect.stringContaining("could not be written")]);
    rmdirSync(inTheWay);
    await ledger.flush();
    expect(warnings).toHaveLength(2);
    expect((await readLedger(dataDir, ALL)).rows.map(show)).toEqual(["12:00 a.com 2 = 2"]);
  });
});

describe("what has arrived since the start", () => {
  it("adds up: received is stored, dropped and refused, and what no site is known of counts for every site", async () => {
    const clock = clockAt(NOON);
    const ledger = await openTestLedger(makeFolder(), clock);
    const minute = ledger.at(clock.now());
    minute.received("a.com", 3);
    minute.received("b.org", 1);
    minute.received("(unknown)", 3);
    ledger.stored([{ site: "a.com", receivedAt: NOON }], { start: "s", firstSeq: 0 });
    minute.dropped("a.com", "opted_out");
    minute.dropped("a.com", "opted_out");
    minute.dropped("b.org", "bot");
    minute.refused("(unknown)", { reason: "origin_not_allowed", count: 1, origin: "https://www.a.com" });
    minute.refused("(unknown)", { reason: "invalid_json", count: 2 });
    minute.lost("a.com", 5);
    expect(ledger.arrivals("a.com")).toEqual({
      received: 6,
      stored: 1,
      dropped: { opted_out: 2 },
      refused: { origin_not_allowed: 1, invalid_json: 2 },
      notes: [
        { count: 2, kind: "dropped", reason: "opted_out", subject: null },
        { count: 1, kind: "refused", reason: "origin_not_allowed", subject: "https://www.a.com" },
        { count: 2, kind: "refused", reason: "invalid_json", subject: null },
      ],
      client_lost: 5,
    });
    expect(ledger.totals()).toContainEqual({ site: "b.org", outcome: "dropped", reason: "bot", count: 1 });
  });

  it("names a bounded number of refused origins and counts the rest together", async () => {
    const clock = clockAt(NOON);
    const ledger = await openTestLedger(makeFolder(), clock);
    for (let index = 0; index < 500; index += 1) {
      const origin = `https://${index}.tld`;
      ledger.at(clock.now()).refused("(unknown)", { reason: "origin_not_allowed", count: 1, origin });
    }
    const { notes, refused } = ledger.arrivals("a.com");
    expect(notes).toHaveLength(51);
    expect(refused).toEqual({ origin_not_allowed: 500 });
  });
});
