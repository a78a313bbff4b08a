/** What the settings are once they are read; settings-table.ts says how each is written. */
import type { PrivacySignals, Site } from "./setting-parsers.ts";

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
  readonly maxShardMb: number;
  readonly diskWarnPercent: number;
  readonly diskCriticalPercent: number;
  readonly bots: "keep" | "drop";
  /** What `Sec-GPC: 1` or `DNT: 1` does to an event. */
  readonly privacySignals: PrivacySignals;
  readonly keepUserAgent: boolean;
  readonly snapshotAccess: "off" | "redacted" | "full";
  readonly trustedProxies: readonly string[];
  readonly maxQueueBytes: number;
  /** Requests a second of one address and user agent; 0 turns the limit off. */
  readonly rateLimit: number;
  readonly rateBurst: number;
  /** Event ids remembered for telling duplicates. */
  readonly dedupWindow: number;
  /** Path of an MMDB file; null for none. */
  readonly geoDatabase: string | null;
  /** Where Prometheus metrics are served; null for nowhere. */
  readonly adminListen: ListenAddress | null;
  readonly logLevel: LogLevel;
  readonly workers: number;
  readonly maxConnections: number;
  readonly maxLagMs: number;
  /** Event names of the owner's own that the public snapshot may show. */
  readonly publicEvents: readonly string[];
  readonly store: "on" | "off";
  /** Whether the server rotates by itself where no `passerby rotate` does. */
  readonly rotate: "auto" | "off";
};

/** A host and port to listen on. */
export type ListenAddress = { readonly host: string; readonly port: number };

export const LOG_LEVELS = ["silent", "error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
