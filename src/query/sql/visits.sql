-- The visits that a question is about, by their first event: one row each.
SELECT
  {{dimensions}}
  s.visitor_id,
  s.p,
  (s.pageviews < 2 AND s.interactions = 0)::INTEGER AS bounce,
  epoch_ms(s.last_at) - epoch_ms(s.start_at) AS duration_ms,
  s.pageviews
FROM sessions AS s
WHERE s.site = $site
  AND s.start_at >= $from AND s.start_at < $to
  AND {{conditions}}
