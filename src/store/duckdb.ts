/**
 * One DuckDB database behind a narrow door: settings that cannot be undone, parameters and rows as plain values, and
 * transactions that end. A file that does not open is set aside under another name, never deleted.
 */
import { chmodSync, existsSync, renameSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import {
  type DuckDBConnection,
  DuckDBInstance,
  DuckDBTimestampValue,
  type DuckDBType,
  type DuckDBValue,
  LIST,
  listValue,
  VARCHAR,
} from "@duckdb/node-api";
import { describeError, PasserbyError } from "../errors.ts";
import { CREATE_TABLES, SCHEMA_VERSION } from "./schema.ts";

/** A bound value. A Date is an instant; a list is a list of texts. */
export type Parameter = string | number | bigint | boolean | Date | readonly string[];
export type Parameters = Readonly<Record<string, Parameter>>;

/** A value in a result; BIGINT comes as bigint, timestamps as Date. */
export type Cell = string | number | bigint | boolean | Date | null;
export type Row = Readonly<Record<string, Cell>>;

/** Asks one statement with named parameters (`$name`) and returns all its rows. */
export type Ask = (sql: string, parameters?: Parameters) => Promise<readonly Row[]>;

/** A connection with the statement runner bound to it. */
export type Connection = { readonly duckdb: DuckDBConnection; readonly ask: Ask; readonly close: () => void };

/** An open database: one connection that writes, and as many readers as are asked for. */
export type Database = {
  readonly writer: Connection;
  readonly connect: () => Promise<Connection>;
  readonly close: () => void;
};

export type DatabaseOptions = {
  /** Path of the file; null keeps everything in memory. */
  readonly path: string | null;
  /** Bytes that DuckDB may hold before it spills to a folder beside the file. */
  readonly memoryLimitBytes: number;
  /** Threads of DuckDB's own and the one that asks, together; default: one a core, at most 8. */
  readonly threads?: number;
  /** Milliseconds since 1970, for the name of a file set aside. */
  readonly now: () => number;
  /** A file that does not open is removed, not set aside: it holds nothing that took anyone's work to make. */
  readonly isDisposable?: boolean;
  readonly onWarning: (message: string) => void;
};

/**
 * Opens the database, or a fresh one where there is none; a file that is damaged or of another schema version is set
 * aside first and the caller told. Throws `store_unavailable` when the file is in use or may not be read.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  try {
    return await openFile(options);
  } catch (error) {
    if (options.path === null || !existsSync(options.path) || isNoDamage(error)) throw unavailable(error);
    if (options.isDisposable) {
      removeDatabase(options.path);
      return openFile(options);
    }
    const kept = setAside(options.path, options.now());
    options.onWarning(`the store did not open and is rebuilt from the log; kept as ${kept}: ${describeError(error)}`);
    return openFile(options);
  }
}

/** Renames the database and its write-ahead log so that a new one can be made; returns the new name. */
export function setAside(path: string, nowMs: number): string {
  const stamp = new Date(nowMs).toISOString().replace(/[:.]/g, "-");
  const kept = freeName(path.replace(/\.duckdb$/, `-set-aside-${stamp}`));
  for (const ending of ["", ".wal"]) {
    if (existsSync(path + ending)) renameSync(path + ending, kept + ending);
  }
  return kept;
}

/** Deletes the database with all that belongs to it. */
export function removeDatabase(path: string): void {
  removeBeside(path);
  rmSync(path, { force: true });
}

/** Deletes what belongs to a database that nobody has open, and holds parts of its rows. */
export function removeBeside(path: string): void {
  for (const ending of [...WAL_ENDINGS, SPILL_ENDING]) rmSync(path + ending, { recursive: true, force: true });
}

/** Wraps whatever DuckDB threw into the one error that callers of the store see. */
export function unavailable(error: unknown): PasserbyError {
  if (error instanceof PasserbyError) return error;
  return new PasserbyError("store_unavailable", "the store cannot answer now; the log goes on, try again", {
    cause: error,
  });
}

/** Says whether an error means that the file is damaged: blocks are checked when they are read, not when it is opened. */
export function isDamage(error: unknown): boolean {
  return /corrupt|checksum|could not read enough bytes|serialization error/i.test(describeError(error));
}

function freeName(stem: string): string {
  for (let number = 1; ; number += 1) {
    const path = number === 1 ? `${stem}.duckdb` : `${stem}-${number}.duckdb`;
    if (!existsSync(path) && !existsSync(`${path}.wal`)) return path;
  }
}

/** A file that another process holds, or that permissions keep from us, is not damaged. */
function isNoDamage(error: unknown): boolean {
  return /could not set lock|conflicting lock|permission denied|too many open files|no space left/i.test(
    describeError(error),
  );
}

/** DuckDB keeps these beside a file that it writes. */
const WAL_ENDINGS = [".wal", ".wal.checkpoint", ".wal.recovery"] as const;
/** The folder of what a statement has no memory for. */
const SPILL_ENDING = ".tmp";

/** Returns the path of the file into which a store is copied, to take its place. */
export function copyPath(path: string): string {
  return `${path.replace(/\.duckdb$/, "")}-copy.tmp`;
}

async function openFile({ path, memoryLimitBytes, threads }: DatabaseOptions): Promise<Database> {
  const copies = path === null ? [] : ["", ...WAL_ENDINGS].map((ending) => copyPath(path) + ending);
  for (const copy of copies) rmSync(copy, { force: true });
  const instance = await DuckDBInstance.create(path ?? ":memory:", {
    memory_limit: `${Math.floor(memoryLimitBytes / 1_048_576)}MiB`,
    // Memory goes back to the system after a load: without these 690 MB stay after a rebuild of a million events, not 195.
    allocator_background_threads: "true",
    allocator_flush_threshold: "8MiB",
    // A checkpoint writes the last row group (122,880 events) anew: small loads go into the write-ahead log, large ones
    // past it. What is in it is done again at the start after a kill: 15 ms a megabyte.
    checkpoint_threshold: "32MiB",
    auto_checkpoint_skip_wal_threshold: "16777216",
    // Its newer compression costs half of the time to write. Only this program reads the file.
    storage_compatibility_version: "latest",
    threads: String(threads ?? Math.max(1, Math.min(8, availableParallelism()))),
  });
  try {
    if (path !== null) chmodSync(path, 0o600);
    const writer = await connectTo(instance);
    await prepare(writer, copies);
    const close = (): void => {
      // Only the last connection's end moves the write-ahead log into the file.
      writer.close();
      instance.closeSync();
    };
    return { writer, connect: () => connectTo(instance), close };
  } catch (error) {
    instance.closeSync();
    throw error;
  }
}

async function prepare({ ask }: Connection, otherFiles: readonly string[]): Promise<void> {
  const quoted = otherFiles.map((path) => `'${path.replaceAll("'", "''")}'`);
  await ask(`SET GLOBAL allowed_paths = [${quoted.join(", ")}]`);
  await ask("SET GLOBAL enable_external_access = false");
  await ask("SET GLOBAL TimeZone = 'UTC'");
  await ask("SET GLOBAL lock_configuration = true");
  const tables = await ask("SELECT table_name FROM duckdb_tables()");
  if (tables.length === 0) for (const statement of ["BEGIN", ...CREATE_TABLES, "COMMIT"]) await ask(statement);
  const [row] = await ask("SELECT version FROM store_version");
  if (row?.["version"] !== SCHEMA_VERSION) throw new Error(`schema version ${row?.["version"]}, not ${SCHEMA_VERSION}`);
  // Blocks are read when they are asked for: what every load begins with has to be whole.
  await ask("SELECT * FROM checkpoints");
}

async function connectTo(instance: DuckDBInstance): Promise<Connection> {
  const duckdb = await instance.connect();
  return {
    duckdb,
    ask: async (sql, parameters = {}) => {
      const { values, types } = bind(parameters);
      const reader = await duckdb.runAndReadAll(sql, values, types);
      return reader.getRowObjectsJS().map(toRow);
    },
    close: () => duckdb.closeSync(),
  };
}

function bind(parameters: Parameters): {
  values: Record<string, DuckDBValue>;
  types: Record<string, DuckDBType | undefined>;
} {
  const values: Record<string, DuckDBValue> = {};
  const types: Record<string, DuckDBType | undefined> = {};
  for (const [name, value] of Object.entries(parameters)) {
    values[name] = toDuckDB(value);
    // An empty list does not say of what.
    if (Array.isArray(value)) types[name] = LIST(VARCHAR);
  }
  return { values, types };
}

function toDuckDB(value: Parameter): DuckDBValue {
  if (value instanceof Date) return new DuckDBTimestampValue(BigInt(value.getTime()) * 1000n);
  return typeof value === "object" ? listValue(value) : value;
}

function toRow(record: Readonly<Record<string, unknown>>): Row {
  const row: Record<string, Cell> = {};
  for (const [name, value] of Object.entries(record)) row[name] = isCell(value) ? value : String(value);
  return row;
}

function isCell(value: unknown): value is Cell {
  return value === null || value instanceof Date || typeof value !== "object";
}
