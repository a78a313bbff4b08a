/**
 * Copies the rows of an open store into a new file, and nothing else: a deleted row stays in the bytes of its file, through
 * every checkpoint, until its block is used again (measured with DuckDB 1.5).
 */
import { chmodSync } from "node:fs";
import type { Ask } from "./duckdb.ts";
import { REWRITE_DUE } from "./remove-expired.ts";

/** Says whether rows were removed since the file was made. */
export async function isRewriteDue(ask: Ask): Promise<boolean> {
  const tables = await ask("SELECT 1 FROM duckdb_tables() WHERE table_name = $name", { name: REWRITE_DUE });
  return tables.length > 0;
}

/** Writes the copy to `path`, which the database has to allow, and closes it. Readers go on meanwhile. Throws DuckDB's error. */
export async function copyRows(ask: Ask, path: string): Promise<void> {
  const [database] = await ask("SELECT current_database() AS name");
  await ask(`ATTACH ${quote(path, "'")} AS copied (STORAGE_VERSION 'latest')`);
  chmodSync(path, 0o600);
  await ask(`COPY FROM DATABASE ${quote(String(database?.["name"]), '"')} TO copied`);
  await ask(`DROP TABLE copied.${REWRITE_DUE}`);
  await ask("DETACH copied");
}

function quote(text: string, mark: "'" | '"'): string {
  return `${mark}${text.replaceAll(mark, mark + mark)}${mark}`;
}
