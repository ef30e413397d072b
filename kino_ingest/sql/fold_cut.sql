-- Where the next window begins, where it may end at most (every transaction below has ended), the first transaction
-- in it, and the one at which so many events are full; transactions are never cut in two. No row while somebody else
-- is cutting.
WITH cursor AS (
    SELECT low FROM landing.fold_cursor WHERE name = 'fold' FOR UPDATE SKIP LOCKED
), edges AS (
    SELECT low, pg_snapshot_xmin(pg_current_snapshot()) AS high FROM cursor
)
SELECT low::text::bigint AS low, high::text::bigint AS high,
    (SELECT event.xid::text::bigint FROM landing.event WHERE event.xid >= low AND event.xid < high
     ORDER BY event.xid LIMIT 1) AS first,
    (SELECT event.xid::text::bigint FROM landing.event WHERE event.xid >= low AND event.xid < high
     ORDER BY event.xid OFFSET %(batch_events)s LIMIT 1) AS cut
FROM edges
