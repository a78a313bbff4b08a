/**
 * What does acknowledging after fdatasync cost? Group commit against one fdatasync an event and against no sync at all,
 * in the same run, with 1, 64 and 1,000 appends under way at any time.
 *
 *     node bench/log-append.ts [seconds a measurement, default 1] [folder, default the system's for temporary files]
 *
 * Method: each variant stores 1,000 events and is read back before anything is timed; rounds run forwards and backwards
 * and the better of the two counts, so that neither order nor a disturbance decides; a file system in memory makes no
 * sense here, since it has nothing to sync.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../src/clock.ts";
import type { AcceptedEvent } from "../src/event.ts";
import { listLogFiles } from "../src/log/files/log-files.ts";
import { openLog } from "../src/log/log.ts";
import { readEvents } from "../src/log/read/read-lines.ts";
import { encodeLines } from "../src/log/write/encode-line.ts";

type Sink = { readonly append: (event: AcceptedEvent) => Promise<unknown>; readonly close: () => Promise<void> };
type Variant = { readonly name: string; readonly open: (dataDir: string) => Promise<Sink> };

const UNDER_WAY = [1, 64, 1_000] as const;

const EVENT: AcceptedEvent = {
  event: "page_view",
  visitorId: "vz0tJ2cVxk2Xw0cQxvR6cQ",
  timestamp: "2026-11-23T09:00:00.000Z",
  metadata: { path: "/pricing", theme: "dark" },
  eventId: "0190b2c4-1111-7222-8333-444455556666",
  site: "example.com",
  url: "https://example.com/pricing?utm_source=newsletter",
  referrer: "https://www.example.org/search",
  title: "Pricing",
  screen: "1440x900",
  language: "en-US",
  sampleRate: 1,
  receivedAt: "2026-11-23T09:00:00.000Z",
  serverSampleRate: 1,
  browser: "Chrome",
  browserVersion: "141",
  os: "Linux",
  device: "desktop",
  channel: "email",
  source: "newsletter",
  isBot: false,
};

const VARIANTS: readonly Variant[] = [
  { name: "group commit", open: (dataDir) => openAsLog(dataDir, "fsync") },
  { name: "no sync, grouped", open: (dataDir) => openAsLog(dataDir, "os") },
  { name: "fdatasync per event", open: openPerEvent },
];

async function openAsLog(dataDir: string, durability: "fsync" | "os"): Promise<Sink> {
  const log = await openLog({ dataDir, clock: systemClock, durability, maxQueueBytes: 16_777_216 });
  return { append: (event) => log.append([event]), close: log.close };
}

/** The reference: each event is written and synced by itself, in Node's thread pool. */
async function openPerEvent(dataDir: string): Promise<Sink> {
  const file = await open(join(dataDir, "metrics.jsonl"), "a");
  let seq = 0;
  const append = async (event: AcceptedEvent): Promise<void> => {
    await file.write(encodeLines([event], { writer: "w1", start: "bench", seq: seq++ }));
    await file.datasync();
  };
  return { append, close: () => file.close() };
}

/** Runs one variant with so many appends under way and returns events a second. */
async function measure(variant: Variant, underWay: number, seconds: number, parent: string): Promise<number> {
  const dataDir = mkdtempSync(join(parent, "passerby-bench-"));
  try {
    const sink = await variant.open(dataDir);
    let appended = 0;
    const began = performance.now();
    const end = began + seconds * 1_000;
    const appendAll = async (): Promise<void> => {
      while (performance.now() < end) {
        await sink.append(EVENT);
        appended++;
      }
    };
    await Promise.all(Array.from({ length: underWay }, appendAll));
    const rate = appended / ((performance.now() - began) / 1_000);
    await sink.close();
    return rate;
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function check(variant: Variant, parent: string): Promise<void> {
  const dataDir = mkdtempSync(join(parent, "passerby-bench-"));
  const sink = await variant.open(dataDir);
  await Promise.all(Array.from({ length: 1_000 }, () => sink.append(EVENT)));
  let stored = 0;
  for (const { path } of await listLogFiles(dataDir)) {
    for await (const { decoded } of readEvents(path)) stored += "problem" in decoded ? 0 : 1;
  }
  await sink.close();
  rmSync(dataDir, { recursive: true, force: true });
  if (stored !== 1_000) throw new Error(`${variant.name} stored ${stored} of 1,000 events`);
}

function measureEncoding(): number {
  const events = Array.from({ length: 1_000 }, () => EVENT);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 20; round++) {
    const began = performance.now();
    const lines = encodeLines(events, { writer: "w1", start: "bench", seq: 0 });
    if (lines.length < 1_000) throw new Error("nothing was encoded");
    best = Math.min(best, performance.now() - began);
  }
  return best;
}

const [seconds = 1, parent = tmpdir()] = [Number(process.argv[2] ?? 1), process.argv[3]];
for (const variant of VARIANTS) await check(variant, parent);
console.log(`Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model}, folder ${parent}`);
console.log(
  `encoding: ${measureEncoding().toFixed(2)} µs an event (${encodeLines([EVENT], { writer: "w1", start: "bench", seq: 0 }).length} bytes)`,
);
for (const underWay of UNDER_WAY) {
  const rates = new Map<string, number>();
  for (const variant of [...VARIANTS, ...VARIANTS.toReversed()]) {
    const rate = await measure(variant, underWay, seconds, parent);
    rates.set(variant.name, Math.max(rate, rates.get(variant.name) ?? 0));
  }
  const base = rates.get("group commit") ?? 1;
  for (const [name, rate] of rates) {
    const ratio = `group commit is ${(base / rate).toFixed(2)} times as fast`;
    console.log(
      `${String(underWay).padStart(5)} under way  ${name.padEnd(20)} ${rate.toFixed(0).padStart(8)} events/s  ${ratio}`,
    );
  }
}
