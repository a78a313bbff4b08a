/**
 * How many events a second can be acknowledged, durably, against servers that do nothing with them? References: nginx
 * answering 204, and a bare node:http server that reads, parses and drops the same body. Every variant runs in a process
 * of its own with one wrk on loopback, in turn and in reversed order every other round, so that a drift of the machine's
 * speed falls on all; the figures to read are the medians of the ratios within a round. Each answer is checked before
 * timing, and the lines in the log are counted after it. Needs wrk and nginx (Debian).
 *
 * Run: npm run bench -- collect [rounds] [connections,…] [events,…] [workers,…]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { countLogLines } from "./support/count-lines.ts";
import { bare, nginx, passerby, type RunningVariant, type Variant } from "./support/servers.ts";
import { bodyOf, runWrk, type WrkReport, writeScript } from "./support/wrk.ts";

const ROUNDS = Number(process.argv[2] ?? 3);
const CONNECTIONS = (process.argv[3] ?? "1,64,1000").split(",").map(Number);
const EVENTS = (process.argv[4] ?? "1,20").split(",").map(Number);
/** Numbers of workers to measure besides one process, such as `2`. */
const WORKERS = (process.argv[5] ?? "").split(",").filter((count) => count !== "");
const WARM_UP_SECONDS = 2;
const SECONDS = 4;

const VARIANTS: readonly Variant[] = [
  nginx,
  bare,
  passerby("passerby, durable", {}),
  passerby("passerby, durable, no store", { METRICS_STORE: "off" }),
  passerby("passerby, not synced, no store", { METRICS_STORE: "off", METRICS_DURABILITY: "os" }),
  ...WORKERS.map((count) => passerby(`passerby, durable, ${count} workers`, { METRICS_WORKERS: count })),
];

type Figure = WrkReport & { readonly cpuMicroseconds: number };

const folder = mkdtempSync(join(tmpdir(), "passerby-bench-"));

async function measure(variant: Variant, events: number, connections: number): Promise<Figure> {
  const dataDir = mkdtempSync(join(folder, "data-"));
  const server = await variant.start(dataDir);
  try {
    const checked = await checkAnswer(server, variant, events);
    const script = writeScript(folder, events);
    const warmUp = await runWrk(server.url, { connections, seconds: WARM_UP_SECONDS, script });
    const cpuBefore = server.cpuSeconds();
    const report = await runWrk(server.url, { connections, seconds: SECONDS, script });
    const cpuMicroseconds = ((server.cpuSeconds() - cpuBefore) * 1e6) / report.requests;
    if (report.refused > 0) throw new Error(`${variant.name}: ${report.refused} answers were no success`);
    await server.stop();
    if (checked) checkLog(dataDir, (warmUp.requests + report.requests) * events);
    return { ...report, cpuMicroseconds };
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Returns true for a server that stores, whose answer must say so. */
async function checkAnswer(server: RunningVariant, { name }: Variant, events: number): Promise<boolean> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${server.url}/api/metrics/event`, { method: "POST", headers, body: bodyOf(events) });
  if (!name.startsWith("passerby")) return false;
  const text = await answer.text();
  if (answer.status !== 202 || !text.includes(`"stored":${events}`)) throw new Error(`${answer.status} ${text}`);
  return true;
}

function checkLog(dataDir: string, acknowledged: number): void {
  const lines = countLogLines(dataDir);
  if (lines < acknowledged) throw new Error(`${acknowledged} events were acknowledged, ${lines} are in the log`);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function show(rounds: readonly ReadonlyMap<Variant, Figure>[], events: number, connections: number): void {
  console.log(`\n${events} event${events === 1 ? "" : "s"} a request, ${connections} connections`);
  const reference = (round: ReadonlyMap<Variant, Figure>): Figure | undefined => round.get(bare);
  for (const variant of VARIANTS) {
    const of = (read: (figure: Figure) => number): number =>
      median(rounds.map((round) => read(round.get(variant) ?? raise(variant.name))));
    const ratio = median(
      rounds.map((round) => (round.get(variant)?.requestsPerSecond ?? 0) / (reference(round)?.requestsPerSecond ?? 0)),
    );
    const p99Ratio = median(rounds.map((round) => (round.get(variant)?.p99 ?? 0) / (reference(round)?.p99 ?? 0)));
    const perSecond = Math.round(of(({ requestsPerSecond }) => requestsPerSecond) * events).toLocaleString("en");
    console.log(
      `${variant.name.padEnd(34)} ${perSecond.padStart(9)} events/s  ${ratio.toFixed(2)} of bare   p50 ${of((figure) => figure.p50).toFixed(2)} ms, p99 ${of((figure) => figure.p99).toFixed(2)} ms (${p99Ratio.toFixed(1)} of bare)   CPU ${of((figure) => figure.cpuMicroseconds).toFixed(1)} µs a request`,
    );
  }
}

function raise(name: string): never {
  throw new Error(`${name} was not measured`);
}

console.log(`${cpus()[0]?.model}, ${availableParallelism()} cores, Node ${process.versions.node}, ${ROUNDS} rounds`);
for (const connections of CONNECTIONS) {
  for (const events of EVENTS) {
    const rounds: Map<Variant, Figure>[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const figures = new Map<Variant, Figure>();
      for (const variant of round % 2 === 0 ? VARIANTS : VARIANTS.toReversed()) {
        figures.set(variant, await measure(variant, events, connections));
      }
      rounds.push(figures);
    }
    show(rounds, events, connections);
  }
}
rmSync(folder, { recursive: true, force: true });
