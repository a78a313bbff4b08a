/** A server that is offered three times what it can take keeps its goodput and its memory, and every acknowledged event. */
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { strace } from "../means.ts";
import { startOpenLoad } from "../support/open-load.ts";
import { overload, residentBytesOf } from "../support/overload.ts";
import { makeFolder } from "./log-fixtures.ts";
import { traceWith } from "./log-process.ts";
import { startServerProcess } from "./server-process.ts";

const EVENTS = 20;
const MIB = 1_048_576;

function makeBody(events: number): string {
  return JSON.stringify(
    Array.from({ length: events }, () => ({ event: "click", visitor_id: "visitor-0001", event_id: randomUUID() })),
  );
}

function idsOf(body: string): readonly string[] {
  const events: readonly { readonly event_id: string }[] = JSON.parse(body);
  return events.map(({ event_id }) => event_id);
}

const ID_FIELD = Buffer.from('"event_id":"');
const ID_LENGTH = 36;

/** Counts how often each id is in the log; there are too many lines to parse each. */
function countIds(dataDir: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of readdirSync(dataDir).filter((file) => /^metrics.*\.jsonl$/.test(file))) {
    const bytes = readFileSync(join(dataDir, name));
    for (let at = bytes.indexOf(ID_FIELD); at >= 0; at = bytes.indexOf(ID_FIELD, at + ID_LENGTH)) {
      const id = bytes.toString("latin1", at + ID_FIELD.length, at + ID_FIELD.length + ID_LENGTH);
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  }
  return counts;
}

describe("a server that is offered three times what it can take", () => {
  it("goes on at its pace, holds its memory, and stores what it acknowledges", async () => {
    const dataDir = makeFolder();
    const server = startServerProcess(dataDir, ["env", "METRICS_STORE=off"]);
    const acknowledged: string[] = [];
    const report = await overload({
      url: await server.url,
      residentBytes: () => residentBytesOf(server.pid),
      ...{ connections: 500, peakSeconds: 1, overloadSeconds: 5, eventsPerRequest: EVENTS, makeBody },
      onAcknowledged: (sent) => {
        for (const id of idsOf(sent)) acknowledged.push(id);
      },
    });
    const [first, second] = report.residentBytes;
    console.log(
      `peak ${Math.round(report.peak)} events/s, goodput ${(report.goodput / report.peak).toFixed(2)} of it, ` +
        `${(first / MIB).toFixed(0)} and ${(second / MIB).toFixed(0)} MiB, answers ${JSON.stringify(report.answers)}`,
    );
    expect(report.offered / report.peak).toBeGreaterThan(2.5);
    // The client, too, needs more of the two cores than at the peak; bench/overload holds the figure of 0.8.
    expect(report.goodput / report.peak).toBeGreaterThan(0.6);
    expect(second).toBeLessThan(first + 64 * MIB);
    expect(Object.keys(report.answers).filter((status) => !["202", "503"].includes(status))).toEqual([]);
    await server.end("SIGTERM");
    const counts = countIds(dataDir);
    expect(acknowledged.filter((id) => counts.get(id) !== 1)).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(1_000);
  }, 60_000);
});

describe.skipIf(!strace)("a server whose disk is slow [needs strace]", () => {
  it("holds no more than its queue, answers 503 with Retry-After beyond it, and recovers by itself", async () => {
    const dataDir = makeFolder();
    const queueBytes = 65_536;
    const slow = traceWith({ fault: "fdatasync:delay_enter=300000" });
    const server = startServerProcess(dataDir, [...slow, "env", `METRICS_MAX_QUEUE_BYTES=${queueBytes}`]);
    const url = await server.url;
    const statuses = new Map<number, number>();
    const acknowledged: string[] = [];
    const load = startOpenLoad({
      ...{ url, connections: 64, perSecond: 0, nextBody: () => makeBody(EVENTS) },
      onAnswer: (status, answer, sent) => {
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (status === 202) for (const id of idsOf(sent)) acknowledged.push(id);
        else expect(JSON.parse(answer)).toMatchObject({ ok: false, error: "log_unavailable" });
      },
    });
    await expect.poll(() => statuses.get(503) ?? 0, { timeout: 15_000 }).toBeGreaterThan(20);
    await expect.poll(() => statuses.get(202) ?? 0, { timeout: 15_000 }).toBeGreaterThan(2);
    await load.stop();
    const after = await fetch(`${url}/api/metrics/event`, {
      ...{ method: "POST", headers: { "content-type": "application/json" }, body: makeBody(1) },
    });
    expect(after.status).toBe(202);
    await server.end("SIGTERM");
    const counts = countIds(dataDir);
    expect(acknowledged.filter((id) => counts.get(id) !== 1)).toEqual([]);
    expect([...statuses.keys()].toSorted()).toEqual([202, 503]);
  }, 60_000);
});
