-- Whether anything waits to be folded: landed events whose transactions have all ended, a window that was cut, an
-- event to fold again, or a dead letter that is due.
SELECT EXISTS (
    SELECT FROM landing.event, landing.fold_cursor
    WHERE fold_cursor.name = 'fold' AND event.xid >= fold_cursor.low
      AND event.xid < pg_snapshot_xmin(pg_current_snapshot())
) OR EXISTS (SELECT FROM landing.fold_window)
OR EXISTS (SELECT FROM landing.refold)
OR EXISTS (SELECT FROM landing.dead_letter WHERE next_try_at <= now() AND discarded_at IS NULL)
