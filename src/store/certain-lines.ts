/**
 * Reads lines of the log in SQL, thousands at a time. It promises: a line is taken here only where `decodeLine` would
 * take it, with the same values; every other line is left as text (`raw`) for `decodeLine` to judge.
 *
 * A line is certain when it is, byte for byte, what encodeLines would write of the values that were read from it. That
 * alone rules out another order, further or repeated fields, other types, escapes, spaces and other ways to write a
 * number. What is left to ask is what types do not say: closed sets, bounds, days that exist; and metadata, whose text
 * is kept: JavaScript must neither reorder nor drop nor reformat anything in it.
 */
import { EVENT_FIELDS, type EventField, eventInputSchema, serverFieldsSchema } from "../event.ts";
import { REQUIRED_FIELDS } from "../log/read/decode-line.ts";
import { LINE_VERSION } from "../log/write/encode-line.ts";
import { ADDRESS, DERIVED_SQL } from "./derived-sql.ts";
import { EVENT_COLUMNS, type EventColumn } from "./schema.ts";

type FieldSchema = { readonly type: string; readonly enum?: readonly string[] };

const SCHEMAS: Readonly<Record<string, FieldSchema>> = {
  ...eventInputSchema.properties,
  ...serverFieldsSchema.properties,
};

/** Each field as its column's type; a time stays text until its form is checked. */
const STRUCTURE = JSON.stringify(
  Object.fromEntries(EVENT_FIELDS.map(({ wire, column }) => [wire, column === "TIMESTAMP" ? "VARCHAR" : column])),
);

/** No directive takes more characters than it has here, so 24 characters fill each; only spaces would be passed over. */
const TIME_FORM = "%Y-%m-%dT%H:%M:%S.%gZ";
const TIME_LENGTH = 24;
const TIMES = EVENT_FIELDS.filter(({ column }) => column === "TIMESTAMP");

const STRING = String.raw`"(?:[^"\\]|\\["\\bfnrt])*"`;
// Up to 15 digits without an exponent come back from a double as they were; -0 does not.
const NUMBER = String.raw`(?:0|-?[1-9]\d{0,14}|-?0\.\d{0,5}[1-9]|-?[1-9]\d{0,8}\.\d{0,5}[1-9])`;
const SCALAR = `(?:${STRING}|${NUMBER}|true|false|null)`;
// JavaScript may sort a key that begins with a digit to the front. What holds the parts together is known to be JSON.
const FLAT_OBJECT = String.raw`\{(?:"[^"\\0-9][^"\\]*":(?:${SCALAR}|\[(?:${SCALAR},?)*\]),?)*\}`;

const CHECKS: readonly string[] = [
  ...REQUIRED_FIELDS.map((wire) => `"${wire}" IS NOT NULL`),
  ...EVENT_FIELDS.flatMap(checkField),
  `v = ${LINE_VERSION}`,
  `seq <= ${Number.MAX_SAFE_INTEGER}`,
  "sample_rate > 0 AND sample_rate <= 1",
  "server_sample_rate > 0 AND server_sample_rate <= 1",
  `regexp_full_match(metadata, ${quote(FLAT_OBJECT)})`,
  // With one key no other can be the same.
  `(NOT contains(metadata, ',"') OR list_unique(json_keys(metadata)) = len(json_keys(metadata)))`,
];

/** One flat concat, which copies each value once: of what is put together by || twice, it takes three fifths of the time. */
const ENCODED = `concat(${encodedParts().join(", ")})`;

/**
 * Makes the temporary table `incoming`, empty: `line`, the columns of an event, and `raw`, which is NULL where the line
 * is certain; where it is not, only `line` and `raw` mean anything.
 */
export const CREATE_INCOMING: string = `CREATE OR REPLACE TEMP TABLE incoming (line UINTEGER, ${EVENT_COLUMNS.map(
  ({ name, type }) => `"${name}" ${type}`,
).join(", ")}, raw VARCHAR)`;

/** Adds the lines of the temporary table `chunks` to `incoming`. */
export const READ_CHUNKS: string = `INSERT INTO incoming
SELECT line, ${EVENT_COLUMNS.map(columnValue).join(", ")},
  CASE WHEN text = ${ENCODED} AND ${CHECKS.join(" AND ")} THEN NULL ELSE text END
FROM (
  SELECT *, ${ADDRESS.sql} AS ${ADDRESS.name},
    ${TIMES.map(({ wire }) => `${parseTime(wire)} AS ${parsedName(wire)}`).join(", ")}
  FROM (
    SELECT line, text, unnest(TRY(json_transform(text, '${STRUCTURE}')))
    FROM (
      SELECT unnest(texts) AS text, (first_line + generate_subscripts(texts, 1) - 1)::UINTEGER AS line
      FROM (SELECT first_line, string_split(decode(bytes), chr(10)) AS texts FROM chunks)
    )
  )
)`;

/**
 * The parts of a line. concat leaves out what is NULL, so a field that may be missing is one part with its name. Behind a
 * text that is always there the closing quote is left to the next field's part, which spares every text one copy.
 */
function encodedParts(): readonly string[] {
  const parts: string[] = [];
  let before = "{";
  for (const field of EVENT_FIELDS) {
    const { wire } = field;
    const isText = SCHEMAS[wire]?.type === "string";
    const isEnsured = REQUIRED_FIELDS.includes(wire);
    const isOpen = before.startsWith('"');
    const name = `'${before}"${wire}":${isText ? '"' : ""}'`;
    if (isEnsured) parts.push(name, encodedValue(field));
    else if (isText) parts.push(`${name} || ${encodedValue(field)}${isOpen ? "" : ` || '"'`}`);
    else parts.push(...(isOpen ? [`'"'`] : []), `',"${wire}":' || ${encodedValue(field)}`);
    if (isEnsured) before = isText ? '",' : ",";
    else if (!isText) before = ",";
  }
  return [...parts, `'${before.slice(0, -1)}}'`];
}

/** How a field's value stands in a line, where it holds no character that has to be escaped. */
function encodedValue({ wire, column }: EventField): string {
  if (column === "DOUBLE") return `CASE WHEN "${wire}" = 1 THEN '1' ELSE "${wire}"::VARCHAR END`;
  return column === "VARCHAR" ? `"${wire}"` : `"${wire}"::VARCHAR`;
}

function checkField({ wire, column }: EventField): readonly string[] {
  const allowed = SCHEMAS[wire]?.enum;
  // IN would be planned as a join, which holds up every row.
  if (allowed) return [`("${wire}" IS NULL OR list_contains([${allowed.map(quote).join(", ")}], "${wire}"))`];
  if (column !== "TIMESTAMP") return [];
  return [`strlen("${wire}") = ${TIME_LENGTH}`, `NOT contains("${wire}", ' ')`, `${parsedName(wire)} IS NOT NULL`];
}

function parsedName(wire: string): string {
  return `"parsed ${wire}"`;
}

function parseTime(wire: string): string {
  return `try_strptime("${wire}", '${TIME_FORM}')`;
}

function columnValue({ name, type, origin }: EventColumn): string {
  if ("derived" in origin) return DERIVED_SQL[origin.derived];
  return type === "TIMESTAMP" ? parsedName(name) : `"${name}"`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
