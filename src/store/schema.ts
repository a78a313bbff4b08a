/** The store's tables: their columns derive from the event contract, and how each gets its value from a line. */
import { EVENT_FIELDS, type StoredEvent } from "../event.ts";

/** Raised whenever a table changes; a store of another version is set aside and rebuilt from the log. */
export const SCHEMA_VERSION = 2;

/** How a value travels from JavaScript: few types with cheap vectors; DuckDB casts the whole column afterwards. */
export type StagedType = "VARCHAR" | "DOUBLE" | "BOOLEAN";

/** Columns that the store derives from an event while loading; see columns.ts for their meaning. */
const DERIVED = [
  { name: "p", type: "DOUBLE" },
  { name: "path", type: "VARCHAR" },
  { name: "is_passive", type: "BOOLEAN" },
  { name: "is_smoke", type: "BOOLEAN" },
  { name: "dataset", type: "VARCHAR" },
] as const;

export type DerivedColumn = (typeof DERIVED)[number]["name"];

/** Where a column's value comes from: a field of the event, or a function of the event in columns.ts. */
type Origin = { readonly field: keyof StoredEvent } | { readonly derived: DerivedColumn };

/** One column of `events`: its name and type, its origin, the type it is staged as, and the cast between them. */
export type EventColumn = {
  readonly name: string;
  readonly type: string;
  readonly origin: Origin;
  readonly staged: StagedType;
  readonly cast: string;
};

/** The columns of `events` in order, without `session` and `is_robot`, which an event gets from its visit. */
export const EVENT_COLUMNS: readonly EventColumn[] = [
  ...EVENT_FIELDS.map(({ wire, key, column }) => eventColumn(wire, column, { field: key })),
  ...DERIVED.map(({ name, type }) => eventColumn(name, type, { derived: name })),
];

function eventColumn(name: string, type: string, origin: Origin): EventColumn {
  const staged = stagedType(type);
  const quoted = `"${name}"`;
  const typed = type === "TIMESTAMP" ? `make_timestamp_ms(${quoted}::BIGINT)` : `${quoted}::${type}`;
  return { name, type, origin, staged, cast: staged === type ? quoted : typed };
}

function stagedType(type: string): StagedType {
  if (type === "BOOLEAN") return "BOOLEAN";
  return type === "VARCHAR" || type === "UUID" || type === "JSON" ? "VARCHAR" : "DOUBLE";
}

/**
 * Statements that make an empty store.
 *
 * `events.session` is the visit an event belongs to, `events.is_robot` whether that visit is a robot's: what its first
 * event said, so that visits and their events are never counted on different sides.
 *
 * `sessions` holds every stretch of events of a visitor; one without a decision in it (only passive events) has no `id`
 * and is no session: it is kept so that an event arriving later finds what it belongs to.
 */
export const CREATE_TABLES: readonly string[] = [
  `CREATE TABLE events (${EVENT_COLUMNS.map(({ name, type }) => `"${name}" ${type}`).join(", ")}, session UBIGINT, is_robot BOOLEAN)`,
  `CREATE TABLE sessions (
     id UBIGINT, site VARCHAR NOT NULL, visitor_id VARCHAR NOT NULL, client_session VARCHAR NOT NULL,
     first_at TIMESTAMP NOT NULL, last_at TIMESTAMP NOT NULL, start_at TIMESTAMP,
     entry_page VARCHAR, exit_page VARCHAR, pageviews UINTEGER NOT NULL, interactions UINTEGER NOT NULL,
     source VARCHAR, browser VARCHAR, os VARCHAR, device VARCHAR, is_bot BOOLEAN, p DOUBLE)`,
  `CREATE TABLE checkpoints (
     file VARCHAR NOT NULL, generation UINTEGER NOT NULL, byte_offset UBIGINT NOT NULL,
     events UBIGINT NOT NULL, duplicates UBIGINT NOT NULL, damaged UBIGINT NOT NULL, erased UBIGINT NOT NULL,
     newer UBIGINT NOT NULL)`,
  "CREATE TABLE store_version (version UINTEGER NOT NULL)",
  `INSERT INTO store_version VALUES (${SCHEMA_VERSION})`,
];

/** Makes the temporary table into which events decoded in JavaScript are appended before they are cast. */
export const CREATE_STAGED: string = `CREATE OR REPLACE TEMP TABLE staged (line UINTEGER, ${EVENT_COLUMNS.map(
  ({ name, staged }) => `"${name}" ${staged}`,
).join(", ")})`;
