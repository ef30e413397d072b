-- How many there were before is not kept: one that was folded after all leaves no trace.
SELECT a.place, 'dead letter of ' || d.source || ' ' || d.event_id AS entity, NULL::UUID AS project_id,
       d.source AS event_source, d.event_id, d.failed_at AS occurred_at, d.event_id IS NOT NULL AS counted,
       1 AS numerator, NULL AS reason
FROM asked_state a LEFT JOIN dead_letter d ON true
WHERE a.is_now
