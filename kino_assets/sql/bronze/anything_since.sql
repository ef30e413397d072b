-- Whether there are events from `low` on whose transactions have all ended. By its order the first of them is found in
-- the index; as a mere condition the planner may look for it through the whole log. A place in the log is never ahead
-- of the server that it was taken on: one that is comes from another server.
SELECT coalesce(
    (SELECT event.xid FROM landing.event WHERE event.xid >= %(low)s::text::xid8 ORDER BY event.xid LIMIT 1)
        < pg_snapshot_xmin(pg_current_snapshot()), false)
OR %(low)s::text::xid8 > pg_snapshot_xmin(pg_current_snapshot())
