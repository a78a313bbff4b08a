-- Figures of events where every visitor was kept: plain counts.
SELECT
  {{groups}}
  count(DISTINCT visitor_id) AS visitors,
  count_if(is_view) AS pageviews,
  count(*) AS events
FROM ({{units}}) AS unit
GROUP BY ALL
