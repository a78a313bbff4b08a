-- The first event of a site, where a range is to begin with it.
SELECT min(e.timestamp) AS first_at
FROM events AS e
WHERE e.site = $site AND NOT e.is_smoke
