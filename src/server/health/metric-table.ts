/**
 * The table of metrics: name, type, labels and meaning of each; docs/reference/metrics.md is made from it. Names follow
 * Prometheus' conventions (base units, `_total` for counters). No label takes a value that a client can choose.
 */

export type MetricSpec = {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
  readonly help: string;
  /** How the numbers of several processes become one. */
  readonly across: "sum" | "min" | "max" | "first";
};

export const METRICS = {
  requests: {
    name: "passerby_http_requests_total",
    type: "counter",
    labels: ["route", "status"],
    help: "Requests answered, by route pattern and status; 429 is a client over its rate.",
    across: "sum",
  },
  limitedRatio: {
    name: "passerby_http_rate_limited_ratio",
    type: "gauge",
    labels: [],
    help: "Share of the requests of the last 15 minutes that was answered 429.",
    across: "max",
  },
  acknowledgements: {
    name: "passerby_ack_duration_seconds",
    type: "histogram",
    labels: [],
    help: "Time from an event request to its 202, when its events are on disk.",
    across: "sum",
  },
  received: {
    name: "passerby_events_received_total",
    type: "counter",
    labels: [],
    help: "Events received: what became of them adds up to this, but for those that have no answer yet.",
    across: "sum",
  },
  events: {
    name: "passerby_events_total",
    type: "counter",
    labels: ["outcome", "reason"],
    help: "Events received, by what became of them (stored, dropped, refused) and the reason.",
    across: "sum",
  },
  clientLost: {
    name: "passerby_events_client_lost_total",
    type: "counter",
    labels: [],
    help: "Events that clients had to give up before they could send them; no part of those received.",
    across: "sum",
  },
  accepting: {
    name: "passerby_log_accepting",
    type: "gauge",
    labels: [],
    help: "1 while the log takes events, 0 while they are answered 503.",
    across: "min",
  },
  queueBytes: {
    name: "passerby_log_queue_bytes",
    type: "gauge",
    labels: [],
    help: "Bytes of events that wait for the disk.",
    across: "sum",
  },
  syncs: {
    name: "passerby_log_fsync_duration_seconds",
    type: "histogram",
    labels: [],
    help: "Time that each fdatasync of the log took; empty with METRICS_DURABILITY=os.",
    across: "sum",
  },
  activeBytes: {
    name: "passerby_log_active_bytes",
    type: "gauge",
    labels: [],
    help: "Acknowledged bytes of the file that is being written.",
    across: "sum",
  },
  shardBytes: {
    name: "passerby_log_shard_bytes",
    type: "gauge",
    labels: ["kind"],
    help: "Bytes of the log's finished files, sealed or imported; at most 10 s old.",
    across: "max",
  },
  tornLines: {
    name: "passerby_log_torn_lines",
    type: "gauge",
    labels: [],
    help: "Torn lines that lie in quarantine.",
    across: "max",
  },
  diskFreeBytes: {
    name: "passerby_disk_free_bytes",
    type: "gauge",
    labels: [],
    help: "Bytes that may still be written to the disk of the data directory; about a second old.",
    across: "min",
  },
  diskFreeRatio: {
    name: "passerby_disk_free_ratio",
    type: "gauge",
    labels: [],
    help: "Free share of the disk of the data directory, 0 to 1.",
    across: "min",
  },
  diskLevel: {
    name: "passerby_disk_level",
    type: "gauge",
    labels: [],
    help: "0 while the disk has room, 1 past METRICS_DISK_WARN_PERCENT, 2 past METRICS_DISK_CRITICAL_PERCENT: events are answered 503.",
    across: "max",
  },
  ringEvents: {
    name: "passerby_ring_events",
    type: "gauge",
    labels: [],
    help: "Stored events held in memory for the live snapshot.",
    across: "max",
  },
  storeFailing: {
    name: "passerby_store_failing",
    type: "gauge",
    labels: [],
    help: "1 when the last load of the log into the store failed.",
    across: "max",
  },
  storeLoaded: {
    name: "passerby_store_last_load_timestamp_seconds",
    type: "gauge",
    labels: [],
    help: "When the last load that succeeded began; absent before the first.",
    across: "max",
  },
  newerLines: {
    name: "passerby_store_newer_lines",
    type: "gauge",
    labels: [],
    help: "Lines of the log that a newer version has written, and that are in no answer; counted as they are loaded.",
    across: "max",
  },
  retained: {
    name: "passerby_retention_last_success_timestamp_seconds",
    type: "gauge",
    labels: [],
    help: "When the collector last removed what is older than METRICS_RETENTION_DAYS; absent before the first time.",
    across: "max",
  },
  sampleRatio: {
    name: "passerby_sample_ratio",
    type: "gauge",
    labels: ["side"],
    help: "Share of visitors kept, by the server and, once an operator has set it, by trackers.",
    across: "first",
  },
  brake: {
    name: "passerby_brake_active",
    type: "gauge",
    labels: [],
    help: "1 while the brake holds events back.",
    across: "max",
  },
  rotatorSuccess: {
    name: "passerby_rotator_last_success_timestamp_seconds",
    type: "gauge",
    labels: [],
    help: "When the rotator last finished a round; absent where none has run.",
    across: "max",
  },
  rotationPaused: {
    name: "passerby_rotation_paused",
    type: "gauge",
    labels: [],
    help: "1 while passerby rotate --pause holds the rotator, and nothing old is deleted.",
    across: "max",
  },
  untrustedForwards: {
    name: "passerby_untrusted_forwards_total",
    type: "counter",
    labels: [],
    help: "Requests that bore X-Forwarded-For from a proxy that TRUSTED_PROXIES does not name.",
    across: "sum",
  },
  lagP99: {
    name: "passerby_event_loop_lag_p99_seconds",
    type: "gauge",
    labels: [],
    help: "99th percentile of the event-loop lag in the last 10 s.",
    across: "max",
  },
  lagMax: {
    name: "passerby_event_loop_lag_max_seconds",
    type: "gauge",
    labels: [],
    help: "Longest event-loop lag in the last 10 s.",
    across: "max",
  },
  build: {
    name: "passerby_build_info",
    type: "gauge",
    labels: ["version", "node"],
    help: "Always 1; the labels say which version runs on which Node.",
    across: "first",
  },
  memory: {
    name: "process_resident_memory_bytes",
    type: "gauge",
    labels: [],
    help: "Memory of the process that is in RAM.",
    across: "sum",
  },
  started: {
    name: "process_start_time_seconds",
    type: "gauge",
    labels: [],
    help: "When this server started, in seconds since 1970.",
    across: "first",
  },
} as const;

export type MetricKey = keyof typeof METRICS;

/** Metric keys in the order of the table. */
export const METRIC_KEYS: readonly MetricKey[] = Object.keys(METRICS).filter((key): key is MetricKey => key in METRICS);
