/** Leaves out of a batch what the store or the batch itself holds already: an event counts once, however often it comes. */
import type { Ask } from "./duckdb.ts";

/** An event whose id was loaded within this time around it is the same event, sent again. */
export const DUPLICATE_WINDOW_HOURS = 48;

const DUPLICATE_WINDOW_MS = DUPLICATE_WINDOW_HOURS * 3_600_000;

const LOOK_OVER = `SELECT count(*) = count(DISTINCT event_id) AS "isDistinct",
  min(timestamp) - $hours * INTERVAL 1 HOUR AS low, max(timestamp) + $hours * INTERVAL 1 HOUR AS high
FROM incoming`;

/** The bounds are spelled out so that whole row groups are passed over. */
const FIND_KNOWN = `SELECT DISTINCT line
FROM incoming JOIN events USING (event_id)
WHERE events.timestamp BETWEEN incoming.timestamp - $hours * INTERVAL 1 HOUR
  AND incoming.timestamp + $hours * INTERVAL 1 HOUR
  AND events.timestamp BETWEEN $low AND $high`;

const FIND_REPEATED = `SELECT line, event_id::VARCHAR AS id, epoch_ms(timestamp) AS at FROM incoming
WHERE event_id IN (SELECT event_id FROM incoming GROUP BY event_id HAVING count(*) > 1) ORDER BY line`;

const LEAVE_OUT = "DELETE FROM incoming WHERE line IN (SELECT unnest($lines)::UINTEGER)";

type Line = { readonly line: number; readonly id: string; readonly at: number };

/** Takes the duplicates out of `incoming`; returns their lines. */
export async function leaveOutDuplicates(ask: Ask): Promise<readonly number[]> {
  const hours = DUPLICATE_WINDOW_HOURS;
  const [look] = await ask(LOOK_OVER, { hours });
  const { low, high } = look ?? {};
  if (!(low instanceof Date && high instanceof Date)) return [];
  const known = new Set((await ask(FIND_KNOWN, { hours, low, high })).map((row) => Number(row["line"])));
  const repeated = look?.["isDistinct"] === true ? [] : (await ask(FIND_REPEATED)).map(toLine);
  const dropped = [...known, ...findRepeats(repeated, known)];
  if (dropped.length > 0) await ask(LEAVE_OUT, { lines: dropped.map(String) });
  return dropped;
}

function toLine(row: Readonly<Record<string, unknown>>): Line {
  return { line: Number(row["line"]), id: String(row["id"]), at: Number(row["at"]) };
}

/**
 * Returns the lines that repeat one before them. Only what is kept can make a later line a duplicate, so a batch gives
 * what its lines one by one would give.
 */
function findRepeats(lines: readonly Line[], known: ReadonlySet<number>): readonly number[] {
  const kept = new Map<string, number[]>();
  const repeats: number[] = [];
  for (const { line, id, at } of lines) {
    if (known.has(line)) continue;
    const before = kept.get(id);
    if (before?.some((time) => Math.abs(time - at) <= DUPLICATE_WINDOW_MS)) repeats.push(line);
    else if (before) before.push(at);
    else kept.set(id, [at]);
  }
  return repeats;
}
