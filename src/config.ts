/**
 * The settings of the server: one table gives name, default, bounds and help. Flag > environment > file > default;
 * parsed once at start, frozen, passed down. A value that does not parse stops the start with one line.
 */
import { isIP } from "node:net";
import { PasserbyError } from "./errors.ts";
import { numberBetween, oneOf, originList, proxyList, type Site, siteList, wholeNumber } from "./setting-parsers.ts";

export type { Site } from "./setting-parsers.ts";

export type Settings = {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  readonly allowedOrigins: readonly string[];
  readonly sites: readonly Site[];
  readonly defaultSite: string;
  readonly sampleRate: number;
  readonly minTrackerRate: number;
  readonly retentionDays: number;
  readonly ringCapacity: number;
  readonly durability: "fsync" | "os";
  readonly bots: "keep" | "drop";
  readonly privacySignals: "drop" | "ignore";
  readonly keepUserAgent: boolean;
  readonly snapshotAccess: "off" | "redacted" | "full";
  readonly trustedProxies: readonly string[];
  readonly maxQueueBytes: number;
};

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
    help: "Origins whose pages may send events, separated by commas; https://*.a.com matches one label.",
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
    help: "Days that events are to be kept. Nothing deletes by it yet; it bounds the age of an event sent with a key.",
    allowed: "a whole number from 1 to 3650",
    fallback: "30",
    parse: wholeNumber(1, 3650),
  },
  ringCapacity: {
    variable: "METRICS_RING_CAPACITY",
    help: "Stored events held in memory for the live snapshot.",
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
  bots: {
    variable: "METRICS_BOTS",
    help: "keep: store robots' events, marked and left out of answers. drop: do not store them.",
    allowed: "keep or drop",
    fallback: "keep",
    parse: oneOf(["keep", "drop"]),
  },
  privacySignals: {
    variable: "METRICS_PRIVACY_SIGNALS",
    help: "What Sec-GPC: 1 or DNT: 1 does to an event.",
    allowed: "drop or ignore",
    fallback: "drop",
    parse: oneOf(["drop", "ignore"]),
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
};

type SettingKey = keyof Settings;

/** Setting keys in the order of the table. */
export const SETTING_KEYS: readonly SettingKey[] = Object.keys(SETTINGS).filter(
  (key): key is SettingKey => key in SETTINGS,
);

/** The environment (or a config file) as text values. */
export type SettingSource = Readonly<Record<string, string | undefined>>;

/**
 * Reads all settings; an earlier source wins. Throws `setting_invalid` naming the variable, the value and what is
 * allowed. Values of sources are never put anywhere but into that message.
 */
export function readSettings(...sources: readonly SettingSource[]): Settings {
  const read = <Value>(spec: SettingSpec<Value>): Value => {
    const given = sources.map((source) => source[spec.variable]).find((value) => value !== undefined && value !== "");
    const value = spec.parse((given ?? spec.fallback).trim());
    if (value !== undefined) return value;
    throw new PasserbyError("setting_invalid", `${spec.variable}=${given ?? ""} is not allowed: give ${spec.allowed}`);
  };
  const host = read(SETTINGS.host);
  const allowedOrigins = read(SETTINGS.allowedOrigins);
  const sites = read(SETTINGS.sites) ?? sitesOfOrigins(allowedOrigins);
  const settings: Settings = {
    host,
    port: read(SETTINGS.port),
    dataDir: read(SETTINGS.dataDir),
    allowedOrigins,
    sites,
    defaultSite: read(SETTINGS.defaultSite) ?? sites[0]?.name ?? "localhost",
    sampleRate: read(SETTINGS.sampleRate),
    minTrackerRate: read(SETTINGS.minTrackerRate),
    retentionDays: read(SETTINGS.retentionDays),
    ringCapacity: read(SETTINGS.ringCapacity),
    durability: read(SETTINGS.durability),
    bots: read(SETTINGS.bots),
    privacySignals: read(SETTINGS.privacySignals),
    keepUserAgent: read(SETTINGS.keepUserAgent),
    snapshotAccess: read(SETTINGS.snapshotAccess),
    trustedProxies: read(SETTINGS.trustedProxies),
    maxQueueBytes: read(SETTINGS.maxQueueBytes),
  };
  checkTogether(settings, sources);
  return Object.freeze(settings);
}

/** Says whether an address is this machine's own loopback. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

function checkTogether(settings: Settings, sources: readonly SettingSource[]): void {
  if (!settings.sites.some((site) => site.name === settings.defaultSite)) {
    const known = settings.sites.map((site) => site.name).join(", ");
    throw new PasserbyError(
      "setting_invalid",
      `METRICS_DEFAULT_SITE=${settings.defaultSite} is not allowed: give the name of a configured site (${known})`,
    );
  }
  if (isLoopback(settings.host)) return;
  if (!sources.some((source) => source["ALLOWED_ORIGINS"])) {
    throw new PasserbyError(
      "setting_invalid",
      `ALLOWED_ORIGINS is missing: with HOST=${settings.host} it must name your site, such as https://example.com`,
    );
  }
  if (settings.allowedOrigins.includes("*")) {
    throw new PasserbyError(
      "setting_invalid",
      `ALLOWED_ORIGINS=* is not allowed with HOST=${settings.host}: name each origin`,
    );
  }
}

function sitesOfOrigins(origins: readonly string[]): readonly Site[] {
  const hosts = new Map<string, string[]>();
  for (const origin of origins) {
    if (origin === "*") continue;
    const host = origin
      .replace(/^https?:\/\//, "")
      .replace(/:\d+$/, "")
      .replace(/^\*\./, "");
    const name = host.replace(/^www\./, "");
    hosts.set(name, [...new Set([...(hosts.get(name) ?? []), host, name])]);
  }
  if (hosts.size === 0) hosts.set("localhost", ["localhost", "127.0.0.1"]);
  return [...hosts].map(([name, list]) => ({ name, hosts: list }));
}
