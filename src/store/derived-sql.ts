/** What the store derives from an event, in SQL over the fields of a line: the same values as the functions of columns.ts. */
import { PASSIVE_EVENTS, SMOKE_EVENT, SMOKE_VISITOR_PREFIX } from "../event.ts";
import { IMPORT_WRITER_PREFIX } from "./columns.ts";
import type { DerivedColumn } from "./schema.ts";

const IS_SMOKE = `(event = '${SMOKE_EVENT}' OR starts_with(visitor_id, '${SMOKE_VISITOR_PREFIX}'))`;

/**
 * A column that READ_CHUNKS makes beside the fields, for `path`: host and path of a url. Plain functions take half of the
 * time of a regular expression with a group, if each is worked out once.
 */
export const ADDRESS: { readonly name: string; readonly sql: string } = {
  name: `"host and path"`,
  sql: "split_part(split_part(substr(url, strpos(url, '://') + 3), '?', 1), '#', 1)",
};

const PATH_OF_ADDRESS = `CASE WHEN contains(${ADDRESS.name}, '/')
      THEN substr(${ADDRESS.name}, strpos(${ADDRESS.name}, '/')) ELSE '/' END`;
const PATH_OF_METADATA = "regexp_extract(json_extract_string(metadata, '$.path'), '^[^?#]*')";

/** One expression a derived column. */
export const DERIVED_SQL: { readonly [Column in DerivedColumn]: string } = {
  p: `CASE WHEN ${IS_SMOKE} THEN 1 ELSE sample_rate * server_sample_rate END`,
  path: `CASE
    WHEN contains(url, '://') THEN ${PATH_OF_ADDRESS}
    WHEN url IS NULL AND json_type(metadata, '$.path') = 'VARCHAR' THEN nullif(${PATH_OF_METADATA}, '')
  END`,
  is_passive: `event IN (${PASSIVE_EVENTS.map((name) => `'${name}'`).join(", ")})`,
  is_smoke: IS_SMOKE,
  dataset: `CASE WHEN starts_with(writer, '${IMPORT_WRITER_PREFIX}')
    THEN substr(writer, ${IMPORT_WRITER_PREFIX.length + 1}) END`,
};
