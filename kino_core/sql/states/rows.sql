-- The rows that a function makes a state of, one place after the other.
SELECT place, moment, time_zone, entity, occurred_at, numerator, counted, reason
FROM (
{rows}
)
JOIN asked_state USING (place)
ORDER BY place, occurred_at, entity
