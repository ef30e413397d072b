-- What waits is known of this moment alone. Without an event that waits there is no lag.
SELECT a.place, 'event ' || w.event_id AS entity, NULL::UUID AS project_id, w.source AS event_source, w.event_id,
       w.received_at AS occurred_at, w.event_id IS NOT NULL AS counted,
       greatest(date_diff('millisecond', w.received_at, a.moment) / 1000.0, 0) AS numerator, NULL AS reason
FROM asked_state a LEFT JOIN waiting_event w ON true
WHERE a.is_now
