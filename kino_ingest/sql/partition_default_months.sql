-- Months that landed in a default partition because their own was missing. An activity may claim any date from 1970
-- to 2999, which would be 12,000 partitions: only recent months get one.
SELECT 'landing.event' AS parent, date_trunc('month', received_at AT TIME ZONE 'UTC')::date AS month
FROM landing.event_default GROUP BY 2
UNION ALL
SELECT 'kino.agent_activity', date_trunc('month', occurred_at AT TIME ZONE 'UTC')::date
FROM kino.agent_activity_default
WHERE occurred_at BETWEEN now() - interval '5 years' AND now() + interval '3 months' GROUP BY 2
