-- Held until the commit, so that nothing lands in the default partition while its month is being made; in the order in
-- which whoever lands locks them.
LOCK TABLE ONLY landing.event IN ACCESS EXCLUSIVE MODE;
LOCK TABLE landing.event_default IN ACCESS EXCLUSIVE MODE;
CREATE TEMP TABLE moved ON COMMIT DROP AS
SELECT * FROM landing.event_default
WHERE received_at >= %(month)s::timestamp AT TIME ZONE 'UTC'
  AND received_at < (%(month)s::date + interval '1 month') AT TIME ZONE 'UTC';
DELETE FROM landing.event_default USING moved
WHERE event_default.id = moved.id AND event_default.received_at = moved.received_at;
SELECT kino.ensure_month_partitions('landing.event', %(month)s::date, 1);
-- With the transaction ids they landed under: to the readers of the log nothing has happened.
INSERT INTO landing.event OVERRIDING SYSTEM VALUE SELECT * FROM moved;
