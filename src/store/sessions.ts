/**
 * Makes sessions of a batch, in SQL on the writer's connection and inside its transaction: it touches only what the
 * batch touches, and gives the same sessions in whatever order and pieces the events arrive.
 *
 * Events of a visitor of a site are put in order of (timestamp, event_id) and cut where more than 30 minutes pass, into
 * stretches. A stretch becomes a session at its first event that is not passive; passive events before it belong to no
 * session, those after it keep it alive. With a session id of the client, all events under that id are one stretch.
 *
 * A stored stretch that only grows at its end is taken as one piece, its row of `sessions`; a stretch that an event
 * arrives within or before is taken apart into its stored events. Pieces and new events then go through one and the
 * same cut and sum, so there is no second way to make a session.
 */
import type { Ask } from "./duckdb.ts";

/** A visit ends where more than this passes between two events: the field's standard, 30 minutes. */
export const SESSION_GAP_MINUTES = 30;

const GAP = `INTERVAL ${SESSION_GAP_MINUTES} MINUTE`;
const KEY = "site, visitor_id, client_session";

/** Which visitors the batch brings, each with a number, and from when to when. A smoke test is no visitor. */
const ARRIVED = `CREATE OR REPLACE TEMP TABLE arrived AS
SELECT row_number() OVER () AS visitor, *
FROM (
  SELECT ${KEY}, min(timestamp) AS low, max(timestamp) AS high
  FROM (SELECT site, visitor_id, coalesce(session_id, '') AS client_session, timestamp FROM incoming WHERE NOT is_smoke)
  GROUP BY ALL
)`;

/** Stored stretches that an arriving event may belong to; `is_open` where one arrives before its last event. */
const TOUCHED = `CREATE OR REPLACE TEMP TABLE touched AS
SELECT stretch.rowid AS row_id, visitor, stretch.*, low <= last_at AS is_open
FROM sessions AS stretch JOIN arrived USING (${KEY})
WHERE client_session <> '' OR (last_at >= low - ${GAP} AND first_at <= high + ${GAP})`;

/** The stored events of stretches taken apart. The bounds are spelled out so that whole row groups are passed over. */
const REOPENED = `CREATE OR REPLACE TEMP TABLE reopened AS
SELECT events.rowid, visitor, events.* EXCLUDE (session, is_robot)
FROM events JOIN touched
  ON is_open AND events.site = touched.site AND events.visitor_id = touched.visitor_id
  AND coalesce(session_id, '') = client_session AND timestamp BETWEEN first_at AND last_at
WHERE timestamp BETWEEN $low AND $high AND NOT is_smoke`;

/** A piece has a number: the line of an arriving event; below 0 an odd one for a stored event, an even one for a stretch. */
const EVENT_PIECE = "-1 - 2 * rowid";
const STRETCH_PIECE = "-2 - 2 * row_id";

/** How one event looks as a piece of a stretch. */
const EVENT_AS_PIECE = `timestamp AS first_at, timestamp AS last_at, event_id,
  coalesce(session_id, '') = '' AS has_gaps, NOT is_passive AS is_decision,
  (event = 'page_view')::UINTEGER AS pageviews,
  (event <> 'page_view' AND NOT is_passive)::UINTEGER AS interactions,
  CASE WHEN NOT is_passive THEN p END AS p`;

/** Only what is put in order: sorting costs by the byte. */
const PIECES = `SELECT line::BIGINT AS piece, line AS arriving, NULL::BIGINT AS stored, visitor, ${EVENT_AS_PIECE}
FROM incoming JOIN arrived ON incoming.site = arrived.site AND incoming.visitor_id = arrived.visitor_id
  AND coalesce(session_id, '') = client_session
WHERE NOT is_smoke
UNION ALL BY NAME
SELECT ${EVENT_PIECE} AS piece, NULL::UINTEGER AS arriving, rowid AS stored, visitor, ${EVENT_AS_PIECE} FROM reopened
UNION ALL BY NAME
SELECT ${STRETCH_PIECE} AS piece, NULL::UINTEGER AS arriving, NULL::BIGINT AS stored, visitor, first_at, last_at,
  NULL::UUID AS event_id, client_session = '' AS has_gaps, id IS NOT NULL AS is_decision, pageviews, interactions, p
FROM touched WHERE NOT is_open`;

const PLACED = `CREATE OR REPLACE TEMP TABLE placed AS
SELECT * EXCLUDE (event_id, has_gaps, begins), sum(begins) OVER (PARTITION BY visitor ORDER BY place) AS stretch
FROM (
  SELECT *,
    row_number() OVER arrivals AS place,
    coalesce(has_gaps AND first_at > lag(last_at) OVER arrivals + ${GAP}, false)::UINTEGER AS begins
  FROM (${PIECES})
  WINDOW arrivals AS (PARTITION BY visitor ORDER BY first_at, event_id)
)`;

/** What the first decision and the first and last page view of a stretch say of it. */
const EVENT_DETAILS = `hash(site, visitor_id, event_id, timestamp) AS id, timestamp AS start_at,
  path AS entry_page, path AS exit_page, source, browser, os, device, is_bot`;

const DETAILS = `SELECT line::BIGINT AS piece, ${EVENT_DETAILS} FROM incoming
UNION ALL BY NAME
SELECT ${EVENT_PIECE} AS piece, ${EVENT_DETAILS} FROM reopened
UNION ALL BY NAME
SELECT ${STRETCH_PIECE} AS piece, id, start_at, entry_page, exit_page, source, browser, os, device, is_bot
FROM touched WHERE NOT is_open`;

const MADE = `CREATE OR REPLACE TEMP TABLE made AS
WITH stretches AS MATERIALIZED (
  SELECT visitor, stretch,
    min(first_at) AS first_at, max(last_at) AS last_at, min(place) FILTER (is_decision) AS start_place,
    arg_min(piece, place) FILTER (is_decision) AS start,
    arg_min(piece, place) FILTER (pageviews > 0) AS entry,
    arg_max(piece, place) FILTER (pageviews > 0) AS leave,
    sum(pageviews)::UINTEGER AS pageviews, sum(interactions)::UINTEGER AS interactions, max(p) AS p
  FROM placed
  GROUP BY ALL
), details AS MATERIALIZED (
  FROM (${DETAILS}) WHERE piece IN (SELECT unnest([start, entry, leave]) FROM stretches)
)
SELECT stretches.*, ${KEY}, first.id, first.start_at, enter.entry_page, exit.exit_page,
  first.source, first.browser, first.os, first.device, first.is_bot
FROM stretches JOIN arrived USING (visitor)
  LEFT JOIN details AS first ON first.piece = start
  LEFT JOIN details AS enter ON enter.piece = entry
  LEFT JOIN details AS exit ON exit.piece = leave`;

const REPLACE_SESSIONS = [
  "DELETE FROM sessions WHERE rowid IN (SELECT row_id FROM touched)",
  `INSERT INTO sessions BY NAME
   SELECT * EXCLUDE (visitor, stretch, start_place, start, entry, leave) FROM made`,
] as const;

const ASSIGNED = `CREATE OR REPLACE TEMP TABLE assigned AS
SELECT arriving, stored,
  CASE WHEN place >= start_place THEN id END AS session,
  CASE WHEN place >= start_place THEN is_bot END AS is_robot
FROM placed JOIN made USING (visitor, stretch)
WHERE arriving IS NOT NULL OR stored IS NOT NULL`;

const REASSIGN = `UPDATE events SET session = assigned.session, is_robot = coalesce(assigned.is_robot, events.is_bot)
FROM assigned WHERE events.rowid = assigned.stored AND (events.session IS DISTINCT FROM assigned.session
  OR events.is_robot <> coalesce(assigned.is_robot, events.is_bot))`;

const INSERT_EVENTS = `INSERT INTO events BY NAME
SELECT incoming.* EXCLUDE (line, raw), session, NOT is_smoke AND coalesce(is_robot, is_bot) AS is_robot
FROM incoming LEFT JOIN assigned ON line = arriving`;

/** What a batch needs and nothing else: memory is given back. */
const TABLES = ["incoming", "arrived", "touched", "reopened", "placed", "made", "assigned"] as const;

/** Moves the rows of the temporary table `incoming` into `events` and brings `sessions` up to date with them. */
export async function storeWithSessions(ask: Ask): Promise<void> {
  await ask(ARRIVED);
  await ask(TOUCHED);
  const [bounds] = await ask("SELECT min(first_at) AS low, max(last_at) AS high FROM touched WHERE is_open");
  const low = bounds?.["low"];
  const high = bounds?.["high"];
  // Without an open stretch the bounds are empty and so is the range between them.
  const isOpen = low instanceof Date && high instanceof Date;
  await ask(REOPENED, { low: isOpen ? low : new Date(1), high: isOpen ? high : new Date(0) });
  for (const statement of [PLACED, MADE, ...REPLACE_SESSIONS, ASSIGNED]) await ask(statement);
  if (isOpen) await ask(REASSIGN);
  await ask(INSERT_EVENTS);
  for (const table of TABLES) await ask(`DROP TABLE ${table}`);
}
