/** DuckDB as reader and writer of Parquet files: in memory, bounded, and with access to nothing but what it is opened for. */
import type { DuckDBConnection } from "@duckdb/node-api";

/** What DuckDB may hold: three of the largest pages that it writes (100 MB, for which it takes 128 MiB), and one thread's buffers. */
const MEMORY_LIMIT = "400MiB";

/** Which files may be read and written: these, or all of a folder. */
export type ParquetAccess = { readonly files: readonly string[] } | { readonly folder: string };

export type ParquetDoor = { readonly connection: DuckDBConnection; readonly close: () => void };

/** Opens a connection. Close it. */
export async function openParquetDoor(access: ParquetAccess): Promise<ParquetDoor> {
  // A collector without a store is this program, too, and does not pay for DuckDB.
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: MEMORY_LIMIT,
    threads: "1",
    // Else memory of pages that were given back stays with the process for a while.
    allocator_bulk_deallocation_flush_threshold: "32MB",
  });
  try {
    const connection = await instance.connect();
    const allowed =
      "files" in access
        ? `SET allowed_paths = [${access.files.map(quoteText).join(", ")}]`
        : `SET allowed_directories = [${quoteText(access.folder)}]`;
    await connection.run("SET GLOBAL TimeZone = 'UTC'");
    await connection.run(allowed);
    await connection.run("SET enable_external_access = false");
    await connection.run("SET lock_configuration = true");
    const close = (): void => {
      connection.closeSync();
      instance.closeSync();
    };
    return { connection, close };
  } catch (error) {
    instance.closeSync();
    throw error;
  }
}

/** Quotes a text for SQL; a path cannot be bound in COPY. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Quotes a name for SQL. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
