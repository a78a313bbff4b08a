/**
 * Does Passerby keep its goodput and its memory when three times as much is offered as it can take? First the peak, with 64 connections
 * that wait for their answers; then requests fall due at three times that rate over 1,000 connections, whatever becomes
 * of them. At the end every acknowledged event is counted in the log.
 *
 * Run: npm run bench -- overload [seconds] [events a request] [on|off: the store]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { overload } from "../test/support/overload.ts";
import { countLogLines } from "./support/count-lines.ts";
import { passerby } from "./support/servers.ts";
import { bodyOf } from "./support/wrk.ts";

const SECONDS = Number(process.argv[2] ?? 60);
const EVENTS = Number(process.argv[3] ?? 20);
const STORE = process.argv[4] ?? "on";
const MIB = 1_048_576;

const dataDir = mkdtempSync(join(tmpdir(), "passerby-overload-"));
const server = await passerby("passerby", { METRICS_STORE: STORE }).start(dataDir);
const body = bodyOf(EVENTS);
let acknowledged = 0;
const report = await overload({
  url: server.url,
  residentBytes: server.residentBytes,
  connections: 1_000,
  peakSeconds: 5,
  overloadSeconds: SECONDS,
  eventsPerRequest: EVENTS,
  makeBody: () => body,
  onAcknowledged: () => {
    acknowledged += EVENTS;
  },
});
await server.stop();
const lines = countLogLines(dataDir);
rmSync(dataDir, { recursive: true, force: true });

const [first, second] = report.residentBytes;
console.log(`peak      ${Math.round(report.peak).toLocaleString("en")} acknowledged events/s, 64 connections
offered   ${Math.round(report.offered).toLocaleString("en")} events/s over 1,000 connections for ${SECONDS} s (${(report.offered / report.peak).toFixed(1)} times the peak)
goodput   ${Math.round(report.goodput).toLocaleString("en")} events/s, ${(report.goodput / report.peak).toFixed(2)} of the peak
answers   ${Object.entries(report.answers)
  .map(([status, count]) => `${status}: ${count}`)
  .join(", ")}; ${report.broken} without one
memory    ${(first / MIB).toFixed(0)} MiB at most in the first half, ${(second / MIB).toFixed(0)} in the second
log       ${lines.toLocaleString("en")} lines, ${acknowledged.toLocaleString("en")} acknowledged`);
if (lines < acknowledged) throw new Error("acknowledged events are missing in the log");
