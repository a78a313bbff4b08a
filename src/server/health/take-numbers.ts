/**
 * Takes the numbers of this process, as plain data: nothing is rendered here, so that a worker can send its numbers to
 * the process that answers scrapes and theirs are added up there (render-metrics.ts).
 */
import packageFacts from "../../../package.json" with { type: "json" };
import type { StoreStatus } from "../../store/store.ts";
import { DISK_LEVELS, type DiskState } from "./disk-watch.ts";
import type { EventOutcome } from "./event-outcomes.ts";
import type { FolderLook } from "./folder-look.ts";
import type { HistogramCounts } from "./histogram.ts";
import type { LoopLag } from "./loop-lag.ts";
import { METRIC_KEYS, METRICS, type MetricKey, type MetricSpec } from "./metric-table.ts";
import type { RecentRequests, RouteCount } from "./request-meter.ts";

/** Version of the package, as `passerby --version` tells it. */
export const VERSION: string = packageFacts.version;

/** Everything that is measured, read at one moment. Times in milliseconds since 1970. */
export type Readings = {
  readonly requests: readonly RouteCount[];
  readonly recent: RecentRequests;
  readonly acknowledgements: HistogramCounts;
  readonly syncs: HistogramCounts;
  readonly events: readonly EventOutcome[];
  readonly log: {
    readonly accepting: boolean;
    readonly queuedBytes: number;
    readonly fileBytes: number;
    readonly tornLines: number;
  };
  readonly disk: DiskState;
  readonly folder: FolderLook;
  readonly isRotationPaused: boolean;
  readonly ringEvents: number;
  /** Null where nothing is loaded. */
  readonly store: Pick<StoreStatus, "lastLoadedAt" | "lastError" | "newer"> | null;
  readonly serverRate: number;
  /** Null until an operator has set it. */
  readonly trackerRate: number | null;
  readonly isBraked: boolean;
  /** When what is too old was last removed; null before the first time, undefined where another process does it. */
  readonly retainedAt?: number | null | undefined;
  readonly untrustedForwards: number;
  readonly lag: LoopLag;
  readonly startedAt: number;
};

type Labels = Readonly<Record<string, string>>;

/** One line of a scrape; `metricName` where it is not the metric's own (the parts of a histogram). */
type MetricValue = { readonly labels: Labels; readonly value: number; readonly metricName?: string };

/** The values of one metric, in the shape that prom-client adds up and renders. */
export type MetricNumbers = {
  readonly name: string;
  readonly type: MetricSpec["type"];
  readonly help: string;
  readonly aggregator: MetricSpec["across"];
  readonly values: readonly MetricValue[];
};

/** Puts readings into metrics; one without a value is left out. */
export function takeNumbers(readings: Readings): readonly MetricNumbers[] {
  const values: ValuesOf<MetricKey> = {
    ...countValues(readings),
    ...logValues(readings),
    ...stateValues(readings),
    ...processValues(readings),
  };
  return METRIC_KEYS.filter((key) => values[key].length > 0).map((key) => {
    const { name, type, help, across }: MetricSpec = METRICS[key];
    return { name, type, help, aggregator: across, values: values[key] };
  });
}

type ValuesOf<Key extends MetricKey> = Readonly<Record<Key, readonly MetricValue[]>>;

function countValues(
  readings: Readings,
): ValuesOf<
  "requests" | "limitedRatio" | "acknowledgements" | "received" | "events" | "clientLost" | "untrustedForwards"
> {
  const { requests, limited } = readings.recent;
  const countOf = (wanted: EventOutcome["outcome"]): readonly MetricValue[] =>
    readings.events.filter(({ outcome }) => outcome === wanted).map(({ count }) => ({ labels: {}, value: count }));
  const ends = readings.events.filter(({ outcome }) => outcome !== "received" && outcome !== "client_lost");
  return {
    requests: readings.requests.map(({ route, status, count }) => ({
      labels: { route, status: String(status) },
      value: count,
    })),
    limitedRatio: one(requests === 0 ? 0 : limited / requests),
    acknowledgements: histogramValues(METRICS.acknowledgements.name, readings.acknowledgements),
    received: countOf("received"),
    events: ends.map(({ outcome, reason, count }) => ({ labels: { outcome, reason }, value: count })),
    clientLost: countOf("client_lost"),
    untrustedForwards: one(readings.untrustedForwards),
  };
}

function logValues({
  log,
  syncs,
  disk: { level, space },
  folder,
  isRotationPaused,
}: Readings): ValuesOf<
  | "accepting"
  | "queueBytes"
  | "syncs"
  | "activeBytes"
  | "shardBytes"
  | "tornLines"
  | "diskFreeBytes"
  | "diskFreeRatio"
  | "diskLevel"
  | "rotatorSuccess"
  | "rotationPaused"
> {
  const { sealedBytes, importBytes, rotator } = folder;
  return {
    accepting: one(Number(log.accepting)),
    queueBytes: one(log.queuedBytes),
    syncs: histogramValues(METRICS.syncs.name, syncs),
    activeBytes: one(log.fileBytes),
    shardBytes: [...one(sealedBytes, { kind: "sealed" }), ...one(importBytes, { kind: "import" })],
    tornLines: one(log.tornLines),
    diskFreeBytes: one(space?.freeBytes),
    diskFreeRatio: one(space === undefined ? undefined : space.freeBytes / space.totalBytes),
    diskLevel: one(DISK_LEVELS.indexOf(level)),
    rotatorSuccess: one(seconds(rotator?.lastSuccessAt ?? undefined)),
    rotationPaused: one(Number(isRotationPaused)),
  };
}

function stateValues(
  readings: Readings,
): ValuesOf<"ringEvents" | "storeFailing" | "storeLoaded" | "newerLines" | "retained" | "sampleRatio" | "brake"> {
  const { store, serverRate, trackerRate, retainedAt } = readings;
  return {
    ringEvents: one(readings.ringEvents),
    storeFailing: one(store === null ? undefined : Number(store.lastError !== null)),
    storeLoaded: one(seconds(store?.lastLoadedAt ?? undefined)),
    newerLines: one(store?.newer),
    retained: one(seconds(retainedAt ?? undefined)),
    sampleRatio: [...one(serverRate, { side: "server" }), ...one(trackerRate ?? undefined, { side: "tracker" })],
    brake: one(Number(readings.isBraked)),
  };
}

function processValues({ lag, startedAt }: Readings): ValuesOf<"lagP99" | "lagMax" | "build" | "memory" | "started"> {
  return {
    lagP99: one(lag.p99Ms / 1000),
    lagMax: one(lag.maxMs / 1000),
    build: one(1, { version: VERSION, node: process.versions.node }),
    memory: one(process.memoryUsage.rss()),
    started: one(seconds(startedAt)),
  };
}

function one(value: number | undefined, labels: Labels = {}): readonly MetricValue[] {
  return value === undefined ? [] : [{ labels, value }];
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}

/** Buckets count everything up to their bound (Prometheus, "Histograms and summaries"). */
function histogramValues(name: string, { bounds, counts, sum }: HistogramCounts): readonly MetricValue[] {
  let total = 0;
  const buckets = counts.map((count, index): MetricValue => {
    total += count;
    return { labels: { le: String(bounds[index] ?? "+Inf") }, value: total, metricName: `${name}_bucket` };
  });
  return [
    ...buckets,
    { labels: {}, value: sum, metricName: `${name}_sum` },
    { labels: {}, value: total, metricName: `${name}_count` },
  ];
}
