-- Figures of visits where every visitor was kept: plain sums.
SELECT
  {{groups}}
  count(*) AS visits,
  sum(bounce) AS bounces,
  sum(duration_ms) AS duration_ms,
  sum(pageviews) AS pageviews
FROM ({{units}}) AS unit
GROUP BY ALL
