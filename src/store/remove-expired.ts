/**
 * Takes what is too old out of the store, in one transaction: events, and sessions with them. A session that loses a part
 * of its events is made anew of the others, by the one way in which sessions are made, so no row tells of an event that
 * is gone.
 */
import { CREATE_INCOMING } from "./certain-lines.ts";
import type { Ask } from "./duckdb.ts";
import type { Kept } from "./kept.ts";
import { storeWithSessions } from "./sessions.ts";

/** A table that is there from a removal on until the file is written anew: deleted rows stay in a file's bytes. */
export const REWRITE_DUE = "rewrite_due";

const KEY = "site, visitor_id, client_session";
const IS_EXPIRED = `((dataset IS NULL AND received_at < $from) OR (dataset IS NOT NULL
  AND NOT list_contains($imports, writer || '/' || start) AND NOT list_contains($datasets, dataset)))`;

const EXPIRED = `CREATE OR REPLACE TEMP TABLE expired AS
SELECT rowid AS row_id, site, visitor_id, coalesce(session_id, '') AS client_session, timestamp
FROM events WHERE ${IS_EXPIRED}`;

const BROKEN = `CREATE OR REPLACE TEMP TABLE broken AS
SELECT DISTINCT stretch.rowid AS row_id, ${KEY}, first_at, last_at
FROM sessions AS stretch JOIN expired USING (${KEY})
WHERE expired.timestamp BETWEEN first_at AND last_at`;

/** What is left of broken sessions. Every expired event is out of `events` by then. */
const LEFT = `CREATE OR REPLACE TEMP TABLE remaining AS
SELECT events.rowid AS row_id, events.* EXCLUDE (session, is_robot)
FROM events JOIN broken ON events.site = broken.site AND events.visitor_id = broken.visitor_id
  AND coalesce(session_id, '') = client_session AND timestamp BETWEEN first_at AND last_at
WHERE NOT is_smoke`;

const LEFT_AS_INCOMING = `INSERT INTO incoming BY NAME
SELECT row_number() OVER () AS line, * EXCLUDE (row_id) FROM remaining`;

/** Removes what is not kept; returns how many events that were. On an error nothing has changed. */
export async function removeExpired(ask: Ask, { from, imports, datasets }: Kept): Promise<number> {
  await ask("BEGIN");
  try {
    await ask(EXPIRED, { from, imports, datasets });
    const [count] = await ask("SELECT count(*) AS events FROM expired");
    const events = Number(count?.["events"] ?? 0);
    if (events > 0) await removeAndMend(ask);
    await ask("DROP TABLE expired");
    await ask("COMMIT");
    return events;
  } catch (error) {
    await ask("ROLLBACK").catch(() => {}); // The first error says what happened.
    throw error;
  }
}

async function removeAndMend(ask: Ask): Promise<void> {
  await ask(`CREATE TABLE IF NOT EXISTS ${REWRITE_DUE} (since TIMESTAMP)`);
  await ask(BROKEN);
  await ask("DELETE FROM events WHERE rowid IN (SELECT row_id FROM expired)");
  await ask("DELETE FROM sessions WHERE rowid IN (SELECT row_id FROM broken)");
  await ask(LEFT);
  await ask("DELETE FROM events WHERE rowid IN (SELECT row_id FROM remaining)");
  await ask(CREATE_INCOMING);
  await ask(LEFT_AS_INCOMING);
  await ask("DROP TABLE broken");
  await ask("DROP TABLE remaining");
  await storeWithSessions(ask);
}
