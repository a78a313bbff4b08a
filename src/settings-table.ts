/** The table of settings: name, default, bounds and help of each, in the order in which the reference page lists them. */
import { isIP } from "node:net";
import {
  listenAddress,
  nameList,
  numberBetween,
  oneOf,
  originList,
  privacySignals,
  proxyList,
  siteList,
  wholeNumber,
  workerCount,
} from "./setting-parsers.ts";
import { LOG_LEVELS, type Settings } from "./settings-shape.ts";

/** What a setting is on the outside; docs/reference/settings.md is made from it. */
export type SettingSpec<Value> = {
  readonly variable: string;
  readonly help: string;
  /** What a good value looks like, for the message when one does not parse. */
  readonly allowed: string;
  readonly fallback: string;
  /** Returns undefined for a value that is not allowed. */
  readonly parse: (text: string) => Value | undefined;
};

type Derived = "sites" | "defaultSite";

export const SETTINGS: {
  readonly [Key in keyof Settings]: SettingSpec<Settings[Key] | (Key extends Derived ? null : never)>;
} = {
  host: {
    variable: "HOST",
    help: "Address to listen on.",
    allowed: "an IP address or localhost",
    fallback: "127.0.0.1",
    parse: (text) => (text === "localhost" || isIP(text) !== 0 ? text : undefined),
  },
  port: {
    variable: "PORT",
    help: "Port to listen on; 0 picks a free one.",
    allowed: "a whole number from 0 to 65535",
    fallback: "8001",
    parse: wholeNumber(0, 65_535),
  },
  dataDir: {
    variable: "METRICS_DATA_DIR",
    help: "Folder of the log, the store, keys and salts.",
    allowed: "a path",
    fallback: "./data",
    parse: (text) => (text === "" ? undefined : text),
  },
  allowedOrigins: {
    variable: "ALLOWED_ORIGINS",
    help: "Origins whose pages may send events, separated by commas; https://*.a.com matches one label; null lets in sandboxed frames, whosever they are.",
    allowed: "a comma list of origins such as https://a.com,https://www.a.com, without path or trailing slash",
    fallback: "http://localhost:3000",
    parse: originList,
  },
  sites: {
    variable: "METRICS_SITES",
    help: "Sites and their host names. Left empty: the hosts of ALLOWED_ORIGINS, with www. folded.",
    allowed: "a comma list such as example.com=www.example.com|example.com,other.org",
    fallback: "",
    parse: siteList,
  },
  defaultSite: {
    variable: "METRICS_DEFAULT_SITE",
    help: "Site of an event that names none. Left empty: the first site.",
    allowed: "the name of a configured site",
    fallback: "",
    parse: (text) => (text === "" ? null : text),
  },
  sampleRate: {
    variable: "METRICS_SAMPLE_RATE",
    help: "Share of visitors whose events are written; 0 stops writing.",
    allowed: "a number from 0 to 1",
    fallback: "1",
    parse: numberBetween(0, 1),
  },
  minTrackerRate: {
    variable: "METRICS_MIN_TRACKER_RATE",
    help: "Lowest sample_rate believed from a client without a key.",
    allowed: "a number from 0.000001 to 1",
    fallback: "0.01",
    parse: numberBetween(0.000_001, 1),
  },
  retentionDays: {
    variable: "METRICS_RETENTION_DAYS",
    help: "Days that events are kept, today among them: what is older is removed from the log, the store, memory and every record beside them. It bounds the age of an event sent with a key, too.",
    allowed: "a whole number from 1 to 3650",
    fallback: "30",
    parse: wholeNumber(1, 3650),
  },
  ringCapacity: {
    variable: "METRICS_RING_CAPACITY",
    help: "Stored events held in memory for the live snapshot and for resuming the stream; about 2 KB each.",
    allowed: "a whole number from 1 to 100000",
    fallback: "500",
    parse: wholeNumber(1, 100_000),
  },
  durability: {
    variable: "METRICS_DURABILITY",
    help: "fsync: on disk before the answer. os: handed to the operating system, lost on power failure.",
    allowed: "fsync or os",
    fallback: "fsync",
    parse: oneOf(["fsync", "os"]),
  },
  maxShardMb: {
    variable: "METRICS_MAX_SHARD_MB",
    help: "Size in MB (of 1,048,576 bytes) at which a file of the log is sealed and the next one begun; a new UTC day begins one, too.",
    allowed: "a whole number from 1 to 4096",
    fallback: "64",
    parse: wholeNumber(1, 4_096),
  },
  diskWarnPercent: {
    variable: "METRICS_DISK_WARN_PERCENT",
    help: "Used share of the data directory's disk, in percent as df tells it, from which on health warns.",
    allowed: "a number from 1 to 100",
    fallback: "80",
    parse: numberBetween(1, 100),
  },
  diskCriticalPercent: {
    variable: "METRICS_DISK_CRITICAL_PERCENT",
    help: "Used share from which on new events are answered 503, before the disk is full, until it is 1 point below again. 100: only when it is full.",
    allowed: "a number from 1 to 100, no less than METRICS_DISK_WARN_PERCENT",
    fallback: "90",
    parse: numberBetween(1, 100),
  },
  bots: {
    variable: "METRICS_BOTS",
    help: "keep: store robots' events, marked and left out of answers. drop: do not store them.",
    allowed: "keep or drop",
    fallback: "keep",
    parse: oneOf(["keep", "drop"]),
  },
  privacySignals: {
    variable: "METRICS_PRIVACY_SIGNALS",
    help: "What Sec-GPC: 1 or DNT: 1 does to an event: not stored, stored with an id of its own, or nothing; per site with site=.",
    allowed: "drop, no_id or ignore, and the same for a site, such as drop,example.com=ignore,other.org=no_id",
    fallback: "drop",
    parse: privacySignals,
  },
  keepUserAgent: {
    variable: "METRICS_KEEP_USER_AGENT",
    help: "Store the user agent with each event.",
    allowed: "true or false",
    fallback: "false",
    parse: (text) => (text === "true" ? true : text === "false" ? false : undefined),
  },
  snapshotAccess: {
    variable: "SNAPSHOT_ACCESS",
    help: "What GET /api/metrics/behavior shows without a key.",
    allowed: "off, redacted or full",
    fallback: "redacted",
    parse: oneOf(["off", "redacted", "full"]),
  },
  trustedProxies: {
    variable: "TRUSTED_PROXIES",
    help: "Proxies whose X-Forwarded-For is believed, as addresses or CIDR ranges separated by commas.",
    allowed: "a comma list such as 127.0.0.1,10.0.0.0/8",
    fallback: "",
    parse: proxyList,
  },
  maxQueueBytes: {
    variable: "METRICS_MAX_QUEUE_BYTES",
    help: "Bytes of events that may wait for the disk; past it the answer is 503.",
    allowed: "a whole number from 65536 to 4294967296",
    fallback: "16777216",
    parse: wholeNumber(65_536, 4_294_967_296),
  },
  rateLimit: {
    variable: "METRICS_RATE_LIMIT",
    help: "Requests a second of one client (address and user agent); an address alone may make ten times as many. 0: no limit.",
    allowed: "a number from 0 to 1000000",
    fallback: "5",
    parse: numberBetween(0, 1_000_000),
  },
  rateBurst: {
    variable: "METRICS_RATE_BURST",
    help: "Requests that one client may make at once before its rate counts; an address alone ten times as many.",
    allowed: "a whole number from 1 to 1000000",
    fallback: "10",
    parse: wholeNumber(1, 1_000_000),
  },
  dedupWindow: {
    variable: "METRICS_DEDUP_WINDOW",
    help: "Event ids remembered, the newest ones, so that an event that is sent again is not stored again. About 24 bytes each.",
    allowed: "a whole number from 1000 to 100000000",
    fallback: "2000000",
    parse: wholeNumber(1_000, 100_000_000),
  },
  geoDatabase: {
    variable: "METRICS_GEO_DATABASE",
    help: "Path of an MMDB file with countries (such as DB-IP, GeoLite2 or IPinfo), read at start. Left empty: no country. Nothing is downloaded.",
    allowed: "a path",
    fallback: "",
    parse: (text) => (text === "" ? null : text),
  },
  adminListen: {
    variable: "METRICS_ADMIN_LISTEN",
    help: "Where GET /metrics answers Prometheus, apart from the public address; port 0 picks a free one.",
    allowed: "host:port such as 127.0.0.1:9464, or off",
    fallback: "127.0.0.1:9464",
    parse: listenAddress,
  },
  logLevel: {
    variable: "METRICS_LOG_LEVEL",
    help: "What the server writes to its own log (JSON lines on standard error): debug adds one line a request.",
    allowed: "silent, error, warn, info or debug",
    fallback: "info",
    parse: oneOf(LOG_LEVELS),
  },
  workers: {
    variable: "METRICS_WORKERS",
    help: "Processes that accept events, each with an active file of its own; auto is one a core.",
    allowed: "a whole number from 1 to 64, or auto",
    fallback: "1",
    parse: workerCount,
  },
  maxConnections: {
    variable: "METRICS_MAX_CONNECTIONS",
    help: "Connections that may be open at once; more are closed as they come.",
    allowed: "a whole number from 16 to 1000000",
    fallback: "10000",
    parse: wholeNumber(16, 1_000_000),
  },
  maxLagMs: {
    variable: "METRICS_MAX_LAG_MS",
    help: "Event-loop lag in milliseconds past which new events are answered 503 until the backlog is worked off.",
    allowed: "a whole number from 10 to 60000",
    fallback: "1000",
    parse: wholeNumber(10, 60_000),
  },
  publicEvents: {
    variable: "METRICS_PUBLIC_EVENTS",
    help: "Names of your own events that the public snapshot may show; others read (custom).",
    allowed: "a comma list of event names",
    fallback: "",
    parse: nameList,
  },
  store: {
    variable: "METRICS_STORE",
    help: "off: collect only; nothing is loaded into columns, questions answer 503, and less memory is used.",
    allowed: "on or off",
    fallback: "on",
    parse: oneOf(["on", "off"]),
  },
  rotate: {
    variable: "METRICS_ROTATE",
    help: "auto: old files of the log are compressed and deleted every 5 minutes, unless passerby rotate does it. off: only that does.",
    allowed: "auto or off",
    fallback: "auto",
    parse: oneOf(["auto", "off"]),
  },
};
