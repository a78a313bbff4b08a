-- The visits that hold a certain event: one row each, or one for each visit and value where events are told apart.
SELECT
  {{dimensions}}
  s.visitor_id,
  s.p,
  (s.pageviews < 2 AND s.interactions = 0)::INTEGER AS bounce,
  epoch_ms(s.last_at) - epoch_ms(s.start_at) AS duration_ms,
  s.pageviews
FROM sessions AS s
JOIN (
  -- A visit belongs to the time of its first event as a whole, so its later events may lie behind the range.
  SELECT DISTINCT {{event_columns}} e.session
  FROM events AS e
  WHERE e.site = $site
    AND e.timestamp >= $from
    AND NOT e.is_passive AND NOT e.is_smoke
    AND {{event_conditions}}
) AS e ON e.session = s.id
WHERE s.site = $site
  AND s.start_at >= $from AND s.start_at < $to
  AND {{conditions}}
