/**
 * Does memory stay flat under steady load, and what does an idle process hold? Single events and batches at a modest
 * rate for ten minutes, resident memory every second; the slope is a least-squares line over the last two thirds. Then idle
 * for 30 s, with the store and in a run of its own without it.
 *
 * Run: npm run bench -- soak [minutes]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startOpenLoad } from "../test/support/open-load.ts";
import { passerby, type Variant } from "./support/servers.ts";
import { bodyOf } from "./support/wrk.ts";

const MINUTES = Number(process.argv[2] ?? 10);
const REQUESTS_PER_SECOND = 200;
const EVENTS = 10;
const IDLE_SECONDS = 30;
const MIB = 1_048_576;

async function soak(variant: Variant): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), "passerby-soak-"));
  const server = await variant.start(dataDir);
  const started = server.residentBytes();
  let stored = 0;
  const load = startOpenLoad({
    ...{ url: server.url, connections: 64, perSecond: REQUESTS_PER_SECOND },
    nextBody: () => bodyOf(EVENTS),
    onAnswer: (status) => {
      if (status === 202) stored += EVENTS;
    },
  });
  const samples: number[] = [];
  for (let second = 0; second < MINUTES * 60; second++) {
    await delay(1000);
    samples.push(server.residentBytes() / MIB);
  }
  await load.stop();
  await delay(IDLE_SECONDS * 1000);
  const idle = server.residentBytes();
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
  const tail = samples.slice(Math.floor(samples.length / 3));
  console.log(
    `${variant.name.padEnd(12)} ${stored.toLocaleString("en")} events in ${MINUTES} min; resident ${(started / MIB).toFixed(0)} MiB at start, ${Math.max(...samples).toFixed(0)} at most, ${(idle / MIB).toFixed(0)} after ${IDLE_SECONDS} s idle; slope ${(slopeOf(tail) * 60).toFixed(2)} MiB a minute over the last ${Math.round(tail.length / 60)} min`,
  );
}

/** Slope of a least-squares line through values one second apart. */
function slopeOf(values: readonly number[]): number {
  const meanX = (values.length - 1) / 2;
  const meanY = values.reduce((sum, value) => sum + value, 0) / values.length;
  const covariance = values.reduce((sum, value, x) => sum + (x - meanX) * (value - meanY), 0);
  return covariance / values.reduce((sum, _, x) => sum + (x - meanX) ** 2, 0);
}

await soak(passerby("with store", {}));
await soak(passerby("no store", { METRICS_STORE: "off" }));
