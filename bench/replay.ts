/**
 * How many events a second does a replay bring into a new store, and in how much memory? References in the same run, over
 * the same files: counting newlines (what `wc -l` does), and JSON.parse of every line. Each variant runs in a process of its
 * own, so that memory is its own, in rounds of reversed order; the median is shown. The log is sealed shards of 64 MB.
 * Run: npm run bench -- replay [events, default 1000000] [rounds, default 3]
 */
import { execFileSync } from "node:child_process";
import { createReadStream, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { systemClock } from "../src/clock.ts";
import { buildStore, REPLAY_FILE } from "../src/store/rebuild.ts";
import { countLogLines } from "./support/count-lines.ts";
import { writeSampleShards } from "./support/sample-shards.ts";

const SELF = fileURLToPath(import.meta.url);
const VARIANTS = ["count newlines", "JSON.parse", "replay"] as const;

type Variant = (typeof VARIANTS)[number];
type Cost = {
  readonly events: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
};

async function parseLines(dataDir: string): Promise<number> {
  let events = 0;
  for (const name of readdirSync(dataDir).filter((file) => file.endsWith(".jsonl"))) {
    for await (const line of createInterface({ input: createReadStream(join(dataDir, name)) })) {
      const value: unknown = JSON.parse(line);
      if (value !== null) events += 1;
    }
  }
  return events;
}

const RUN: { readonly [Name in Variant]: (dataDir: string) => Promise<number> } = {
  "count newlines": async (dataDir) => countLogLines(dataDir),
  "JSON.parse": parseLines,
  replay: async (dataDir) => (await buildStore({ dataDir, clock: systemClock })).events,
};

/** Runs one variant in this process and prints what it cost. */
async function runVariant(name: Variant, dataDir: string): Promise<void> {
  const [cpu, started] = [process.cpuUsage(), performance.now()];
  const events = await RUN[name](dataDir);
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  console.log(JSON.stringify({ events, seconds, cpuSeconds: (user + system) / 1e6, peakBytes } satisfies Cost));
}

function measure(name: Variant, dataDir: string): Cost {
  for (const ending of ["", ".wal"]) rmSync(join(dataDir, REPLAY_FILE + ending), { force: true });
  return JSON.parse(execFileSync(process.execPath, [SELF, "--variant", name, dataDir], { encoding: "utf8" }));
}

function median(costs: readonly Cost[]): Cost {
  const middle = [...costs].sort((a, b) => a.seconds - b.seconds)[Math.floor(costs.length / 2)];
  if (middle === undefined) throw new Error("no rounds were run");
  return middle;
}

function main(events: number, rounds: number): void {
  const dataDir = mkdtempSync(join(tmpdir(), "passerby-bench-"));
  try {
    writeSampleShards(dataDir, events);
    const names = readdirSync(dataDir);
    const bytes = names.reduce((sum, name) => sum + statSync(join(dataDir, name)).size, 0);
    const count = (value: number): string => Math.round(value).toLocaleString("en-US");
    console.log(
      `Node ${process.versions.node}, ${availableParallelism()} cores, ${count(events)} events in ${names.length} shards, ${count(bytes / 1e6)} MB`,
    );
    const costs = new Map<Variant, Cost[]>(VARIANTS.map((name) => [name, []]));
    for (let round = 0; round < rounds; round += 1) {
      for (const name of round % 2 === 0 ? VARIANTS : [...VARIANTS].reverse()) {
        const cost = measure(name, dataDir);
        if (cost.events !== events) throw new Error(`${name}: ${cost.events} events, ${events} were written`);
        costs.get(name)?.push(cost);
      }
    }
    const replay = median(costs.get("replay") ?? []);
    for (const name of VARIANTS) {
      const { seconds, cpuSeconds, peakBytes } = median(costs.get(name) ?? []);
      const ratio = name === "replay" ? "" : `; a replay takes ${(replay.seconds / seconds).toFixed(2)} times as long`;
      console.log(
        `${name.padEnd(16)} ${count(events / seconds)} events/s, ${((cpuSeconds * 1e6) / events).toFixed(2)} µs of CPU an event, ${count(peakBytes / 1e6)} MB at most${ratio}`,
      );
    }
  } finally {
    rmSync(dataDir, { recursive: true });
  }
}

const [, , first, second, third] = process.argv;
if (first === "--variant") {
  const name = VARIANTS.find((variant) => variant === second);
  if (name === undefined || third === undefined) throw new Error(`${second} is no variant`);
  await runVariant(name, third);
} else main(Number(first ?? 1_000_000), Number(second ?? 3));
