-- How many events a question leaves out because a robot made them.
SELECT count(*) AS events
FROM ({{units}}) AS unit
