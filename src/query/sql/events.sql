-- The events that a question is about: one row each, with who made it and with which probability it was kept.
SELECT
  {{dimensions}}
  e.visitor_id,
  e.p,
  e.event = 'page_view' AS is_view
FROM events AS e
{{visit_of_event}}
WHERE e.site = $site
  AND e.timestamp >= $from AND e.timestamp < $to
  AND NOT e.is_passive
  AND {{conditions}}
