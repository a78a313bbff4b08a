-- Figures of visits of a sample: Horvitz-Thompson totals, variances, and covariances with the number of visits, all at
-- the level of the visitor (estimate.ts).
WITH unit AS ({{units}}),
level AS (
  SELECT
    {{groups}} visitor_id, p,
    count(*) AS visits,
    sum(bounce)::DOUBLE AS bounces,
    sum(duration_ms)::DOUBLE AS duration_ms,
    sum(pageviews)::DOUBLE AS pageviews
  FROM unit
  GROUP BY ALL
),
pair AS (
  SELECT
    {{groups}}
    a.p, a.p = b.p AS is_same,
    (1 - greatest(a.p, b.p)) / (a.p * b.p) AS spread,
    a.visits, b.visits AS other_visits,
    a.bounces, b.bounces AS other_bounces,
    a.duration_ms, b.duration_ms AS other_duration_ms,
    a.pageviews, b.pageviews AS other_pageviews
  FROM level AS a JOIN level AS b USING ({{groups}} visitor_id)
)
SELECT
  {{groups}}
  min(p) < 1 AS is_sampled,
  sum(visits / p) FILTER (is_same) AS visits,
  sum(visits * other_visits * spread) AS visits_variance,
  sum(bounces / p) FILTER (is_same) AS bounces,
  sum(bounces * other_bounces * spread) AS bounces_variance,
  sum(bounces * other_visits * spread) AS bounces_covariance,
  sum(duration_ms / p) FILTER (is_same) AS duration_ms,
  sum(duration_ms * other_duration_ms * spread) AS duration_ms_variance,
  sum(duration_ms * other_visits * spread) AS duration_ms_covariance,
  sum(pageviews / p) FILTER (is_same) AS pageviews,
  sum(pageviews * other_pageviews * spread) AS pageviews_variance,
  sum(pageviews * other_visits * spread) AS pageviews_covariance
FROM pair
GROUP BY ALL
