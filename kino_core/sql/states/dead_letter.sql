-- For PostgreSQL: events that could not be folded and that nobody has discarded.
SELECT source, event_id, failed_at FROM landing.dead_letter WHERE discarded_at IS NULL
