-- Whether a range holds a sample: the lowest probability with which any of its events was kept, NULL without events.
SELECT min(e.p) AS p
FROM events AS e
WHERE e.site = $site AND e.timestamp >= $from AND e.timestamp < $to
