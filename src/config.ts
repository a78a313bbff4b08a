/**
 * The settings of the server: settings-table.ts gives name, default, bounds and help. Flag > environment > file > default;
 * parsed once at start, frozen, passed down. A value that does not parse stops the start with one line.
 */
import { PasserbyError } from "./errors.ts";
import type { Site } from "./setting-parsers.ts";
import type { Settings } from "./settings-shape.ts";
import { SETTINGS, type SettingSpec } from "./settings-table.ts";

export type { Site } from "./setting-parsers.ts";
export type { Settings } from "./settings-shape.ts";
export { SETTINGS } from "./settings-table.ts";

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
    maxShardMb: read(SETTINGS.maxShardMb),
    diskWarnPercent: read(SETTINGS.diskWarnPercent),
    diskCriticalPercent: read(SETTINGS.diskCriticalPercent),
    bots: read(SETTINGS.bots),
    privacySignals: read(SETTINGS.privacySignals),
    keepUserAgent: read(SETTINGS.keepUserAgent),
    snapshotAccess: read(SETTINGS.snapshotAccess),
    trustedProxies: read(SETTINGS.trustedProxies),
    maxQueueBytes: read(SETTINGS.maxQueueBytes),
    rateLimit: read(SETTINGS.rateLimit),
    rateBurst: read(SETTINGS.rateBurst),
    dedupWindow: read(SETTINGS.dedupWindow),
    geoDatabase: read(SETTINGS.geoDatabase),
    adminListen: read(SETTINGS.adminListen),
    logLevel: read(SETTINGS.logLevel),
    workers: read(SETTINGS.workers),
    maxConnections: read(SETTINGS.maxConnections),
    maxLagMs: read(SETTINGS.maxLagMs),
    publicEvents: read(SETTINGS.publicEvents),
    store: read(SETTINGS.store),
    rotate: read(SETTINGS.rotate),
  };
  checkTogether(settings, sources);
  return Object.freeze(settings);
}

/** Says whether an address is this machine's own loopback. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

function checkTogether(settings: Settings, sources: readonly SettingSource[]): void {
  const { diskWarnPercent, diskCriticalPercent } = settings;
  if (diskWarnPercent > diskCriticalPercent) {
    throw new PasserbyError(
      "setting_invalid",
      `METRICS_DISK_WARN_PERCENT=${diskWarnPercent} is not allowed: give at most METRICS_DISK_CRITICAL_PERCENT (${diskCriticalPercent})`,
    );
  }
  if (!settings.sites.some((site) => site.name === settings.defaultSite)) {
    const known = settings.sites.map((site) => site.name).join(", ");
    throw new PasserbyError(
      "setting_invalid",
      `METRICS_DEFAULT_SITE=${settings.defaultSite} is not allowed: give the name of a configured site (${known})`,
    );
  }
  for (const { site, answer } of settings.privacySignals.bySite) {
    if (settings.sites.some(({ name }) => name === site)) continue;
    const known = settings.sites.map(({ name }) => name).join(", ");
    throw new PasserbyError(
      "setting_invalid",
      `METRICS_PRIVACY_SIGNALS names ${site}=${answer}, which is no configured site: give one of ${known}`,
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
    if (origin === "*" || origin === "null") continue;
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
