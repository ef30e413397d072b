-- The rows that a state stands on.
SELECT entity, event_source, event_id, occurred_at, numerator, NULL AS denominator
FROM (
{rows}
)
WHERE counted AND ($projects::VARCHAR[] IS NULL OR list_contains($projects::VARCHAR[], project_id::VARCHAR))
ORDER BY occurred_at, entity, event_id
LIMIT $limit OFFSET $offset
