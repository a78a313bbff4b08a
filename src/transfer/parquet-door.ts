/** DuckDB as reader and writer of Parquet files: in memory, bounded, and with access to nothing but what it is opened for. */
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";

/** What DuckDB may hold; what a row group of events needs is far below. */
const MEMORY_LIMIT = "384MiB";

/** Which files may be read and written: the files themselves, or all of a folder. */
export type ParquetAccess = { readonly files: readonly string[] } | { readonly folder: string };

/** Opens a connection, hands it to `use`, and closes all of it. */
export async function withParquet<Result>(
  access: ParquetAccess,
  use: (connection: DuckDBConnection) => Promise<Result>,
): Promise<Result> {
  const instance = await DuckDBInstance.create(":memory:", { memory_limit: MEMORY_LIMIT, threads: "2" });
  try {
    const connection = await instance.connect();
    try {
      await connection.run("SET GLOBAL TimeZone = 'UTC'");
      await connection.run(
        "files" in access
          ? `SET allowed_paths = [${access.files.map(quoteText).join(", ")}]`
          : `SET allowed_directories = [${quoteText(access.folder)}]`,
      );
      await connection.run("SET enable_external_access = false");
      await connection.run("SET lock_configuration = true");
      return await use(connection);
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
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
