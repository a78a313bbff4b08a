/**
 * What does measuring one request cost on the hot path? Answers whether counting and timing of our own are worth their
 * lines (prom-client's counter and histogram are the reference), and what is added to an answer in all, clock and event
 * listener included (an answer without it is the reference). Run: npm run bench -- request-meter
 */
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { bench, run, summary } from "mitata";
import { Counter, Histogram, Registry } from "prom-client";
import { systemClock } from "../src/clock.ts";
import { measureAnswer } from "../src/server/health/request-hooks.ts";
import { createRequestMeter } from "../src/server/health/request-meter.ts";

const ROUTE = "/api/metrics/event";
const SECONDS = 0.003;

const registers = [new Registry()];
const counter = new Counter({ name: "requests_total", help: "requests", labelNames: ["route", "status"], registers });
const buckets = createRequestMeter(systemClock.monotonicMs).syncs.read().bounds;
const histogram = new Histogram({ name: "ack_seconds", help: "seconds", buckets: [...buckets], registers });
const meter = createRequestMeter(systemClock.monotonicMs);

function measureOurs(): void {
  meter.count(ROUTE, 202);
  meter.acknowledgements.observe(SECONDS);
}

function measureTheirs(): void {
  counter.inc({ route: ROUTE, status: "202" });
  histogram.observe(SECONDS);
}

// The counts are checked before they are timed.
measureOurs();
measureTheirs();
const ours = [meter.counts()[0]?.count, meter.acknowledgements.read().sum];
const theirs = [(await counter.get()).values[0]?.value, SECONDS];
if (JSON.stringify(ours) !== JSON.stringify(theirs)) throw new Error(JSON.stringify([ours, theirs]));

const request = new IncomingMessage(new Socket());
const silent = { isDebug: false, debug: ignore, info: ignore, warn: ignore, error: ignore };
const parts = { meter, serverLog: silent, clock: systemClock };

function ignore(): void {}

function answer(isMeasured: boolean): void {
  const response = new ServerResponse(request);
  response.statusCode = 202;
  response.on("finish", ignore);
  if (isMeasured) measureAnswer(parts, "/api/metrics/event", request, response);
  response.emit("finish");
}

summary(() => {
  bench("prom-client (reference)", measureTheirs);
  bench("request meter", measureOurs);
});
summary(() => {
  bench("an answer (reference)", () => answer(false));
  bench("an answer, measured", () => answer(true));
});
await run();
