-- Where the next window begins, where it may end at most (every transaction below has ended), the first transaction
-- in it, and the one with which it would be too large; transactions are never cut in two. No row while somebody else
-- is cutting.
WITH cursor AS (
    SELECT low FROM landing.fold_cursor WHERE name = 'fold' FOR UPDATE SKIP LOCKED
), edges AS (
    SELECT low, pg_snapshot_xmin(pg_current_snapshot()) AS high FROM cursor
), part AS (
    SELECT event.xid, octet_length(event.raw) AS bytes
    FROM landing.event
    WHERE event.xid >= (SELECT low FROM edges) AND event.xid < (SELECT high FROM edges)
    ORDER BY event.xid LIMIT %(batch_events)s + 1
), filling AS (
    SELECT xid, count(*) OVER so_far AS events, sum(bytes) OVER so_far AS bytes
    FROM part WINDOW so_far AS (ORDER BY xid)
)
SELECT low::text::bigint AS low, high::text::bigint AS high,
    (SELECT xid::text::bigint FROM part ORDER BY part.xid LIMIT 1) AS first,
    (SELECT xid::text::bigint FROM filling WHERE events > %(batch_events)s OR bytes > %(batch_bytes)s
     ORDER BY filling.xid LIMIT 1) AS cut
FROM edges
