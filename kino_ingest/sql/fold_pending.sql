-- Whether anything waits to be folded: landed events whose transactions have all ended, a window that was cut, an
-- event to fold again, a dead letter that is due, or a log that came from another server. By its order the first event
-- is found in the index; as a mere condition the planner looks for it through the whole log.
SELECT coalesce(
    (SELECT event.xid FROM landing.event
     WHERE event.xid >= (SELECT low FROM landing.fold_cursor WHERE name = 'fold')
     ORDER BY event.xid LIMIT 1) < pg_snapshot_xmin(pg_current_snapshot()), false)
OR EXISTS (SELECT FROM landing.fold_window)
OR EXISTS (SELECT FROM landing.refold)
OR EXISTS (SELECT FROM landing.dead_letter WHERE next_try_at <= now() AND discarded_at IS NULL)
OR EXISTS (SELECT FROM landing.fold_order WHERE name = 'fold' AND (moved OR stamping))
