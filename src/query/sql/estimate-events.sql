-- Figures of events of a sample: Horvitz-Thompson totals and their variances at the level of the visitor (estimate.ts).
WITH unit AS ({{units}}),
level AS (
  -- What one visitor did while kept with one probability; a rate that changes in between gives a second level.
  SELECT {{groups}} visitor_id, p, count(*) AS events, count_if(is_view) AS pageviews
  FROM unit
  GROUP BY ALL
),
ranked AS (
  SELECT *, p = max(p) OVER (PARTITION BY {{groups}} visitor_id) AS is_highest
  FROM level
),
pair AS (
  SELECT
    {{groups}}
    a.p, a.p = b.p AS is_same, a.is_highest,
    (1 - greatest(a.p, b.p)) / (a.p * b.p) AS spread,
    a.pageviews, b.pageviews AS other_pageviews,
    a.events, b.events AS other_events
  FROM ranked AS a JOIN ranked AS b USING ({{groups}} visitor_id)
)
SELECT
  {{groups}}
  min(p) < 1 AS is_sampled,
  sum(1 / p) FILTER (is_same AND is_highest) AS visitors,
  sum(spread) FILTER (is_same AND is_highest) AS visitors_variance,
  sum(pageviews / p) FILTER (is_same) AS pageviews,
  sum(pageviews * other_pageviews * spread) AS pageviews_variance,
  sum(events / p) FILTER (is_same) AS events,
  sum(events * other_events * spread) AS events_variance
FROM pair
GROUP BY ALL
