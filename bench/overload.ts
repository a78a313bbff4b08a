/**
 * Does Passerby keep its goodput and its memory when three times as much is offered as it can take? First the peak, with
 * 64 connections that wait for their answers; then requests fall due at three times that rate, whatever becomes of them,
 * over three times the connections, and over more. At the end every acknowledged event is counted in the log.
 *
 * The reference is a bare node:http server that parses and drops, under the same load: what more connections cost it, they
 * cost every server on node:http.
 *
 * Run: npm run bench -- overload [seconds] [events a request] [on|off: the store]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type OverloadReport, overload } from "../test/support/overload.ts";
import { countLogLines } from "./support/count-lines.ts";
import { bare, passerby, type Variant } from "./support/servers.ts";
import { bodyOf } from "./support/wrk.ts";

const SECONDS = Number(process.argv[2] ?? 60);
const EVENTS = Number(process.argv[3] ?? 20);
const STORE = process.argv[4] ?? "on";
const CONNECTIONS = [192, 500, 1_000];
/** As long as a disk takes to show what it can write, not what its cache takes. */
const PEAK_SECONDS = Math.min(20, SECONDS);
const MIB = 1_048_576;

type Measured = OverloadReport & { readonly acknowledged: number; readonly lines: number };

async function measure(variant: Variant, connections: number): Promise<Measured> {
  const dataDir = mkdtempSync(join(tmpdir(), "passerby-overload-"));
  const server = await variant.start(dataDir);
  const body = bodyOf(EVENTS);
  let acknowledged = 0;
  const report = await overload({
    ...{ url: server.url, residentBytes: server.residentBytes, connections },
    ...{ peakSeconds: PEAK_SECONDS, overloadSeconds: SECONDS, eventsPerRequest: EVENTS },
    makeBody: () => body,
    onAcknowledged: () => {
      acknowledged += EVENTS;
    },
  });
  await server.stop();
  const lines = countLogLines(dataDir);
  rmSync(dataDir, { recursive: true, force: true });
  return { ...report, acknowledged, lines };
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}

function share(report: OverloadReport): string {
  return (report.goodput / report.peak).toFixed(2);
}

console.log(`${SECONDS} s each, ${EVENTS} events a request, store ${STORE}; peak with 64 connections`);
for (const connections of CONNECTIONS) {
  const reference = await measure(bare, connections);
  const report = await measure(passerby("passerby", { METRICS_STORE: STORE }), connections);
  const [first, second] = report.residentBytes;
  const answers = Object.entries(report.answers).map(([status, count]) => `${count} ${status}`);
  console.log(`
${connections} connections, ${(report.offered / report.peak).toFixed(1)} times the peak offered
  goodput  ${share(report)} of the peak (${whole(report.goodput)} of ${whole(report.peak)} events/s); bare node:http ${share(reference)} (${whole(reference.goodput)} of ${whole(reference.peak)})
  answers  ${answers.join(", ")}; ${report.broken} requests without one
  memory   ${(first / MIB).toFixed(0)} MiB at most in the first half, ${(second / MIB).toFixed(0)} in the second
  log      ${whole(report.lines)} lines, ${whole(report.acknowledged)} acknowledged`);
  if (report.lines < report.acknowledged) throw new Error("acknowledged events are missing in the log");
}
