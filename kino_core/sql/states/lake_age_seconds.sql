-- The newest snapshot of the lake at the moment that is asked for.
SELECT a.place, 'snapshot ' || max(s.snapshot_id) AS entity, NULL::UUID AS project_id, 'lake' AS event_source,
       max(s.snapshot_id)::VARCHAR AS event_id, max(s.snapshot_time) AS occurred_at, true AS counted,
       date_diff('millisecond', max(s.snapshot_time), any_value(a.moment)) / 1000.0 AS numerator, NULL AS reason
FROM asked_state a JOIN lake.snapshots() s ON s.snapshot_time <= a.moment
GROUP BY a.place
