-- Who is there now: visitors with any event, passive ones too, since reading is being there.
SELECT sum(1 / p) AS visitors
FROM (
  SELECT visitor_id, max(p) AS p
  FROM events
  WHERE site = $site AND timestamp >= $from AND timestamp < $to AND NOT is_smoke AND NOT is_robot
  GROUP BY visitor_id
)
