-- Senders with five letters or more that failed within ten minutes, each told once in that time.
INSERT INTO landing.failing_source AS told (name, failures, told_at)
SELECT event.source || coalesce(' ' || event.repository, ' project ' || event.project_id::text, ''), count(*), now()
FROM landing.dead_letter
JOIN landing.event ON event.id = dead_letter.event_row AND event.received_at = dead_letter.received_at
WHERE dead_letter.failed_at > now() - interval '10 minutes' AND dead_letter.discarded_at IS NULL
GROUP BY 1 HAVING count(*) >= 5
ORDER BY 1
ON CONFLICT (name) DO UPDATE SET failures = excluded.failures, told_at = now()
WHERE told.told_at <= now() - interval '10 minutes'
RETURNING name, failures
