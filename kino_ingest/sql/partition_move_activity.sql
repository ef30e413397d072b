-- In the order in which whoever folds locks them.
LOCK TABLE ONLY kino.agent_activity IN ACCESS EXCLUSIVE MODE;
LOCK TABLE kino.agent_activity_default IN ACCESS EXCLUSIVE MODE;
CREATE TEMP TABLE moved ON COMMIT DROP AS
SELECT * FROM kino.agent_activity_default
WHERE occurred_at >= %(month)s::timestamp AT TIME ZONE 'UTC'
  AND occurred_at < (%(month)s::date + interval '1 month') AT TIME ZONE 'UTC';
DELETE FROM kino.agent_activity_default USING moved
WHERE agent_activity_default.occurred_at = moved.occurred_at AND agent_activity_default.source = moved.source
  AND agent_activity_default.event_id = moved.event_id;
SELECT kino.ensure_month_partitions('kino.agent_activity', %(month)s::date, 1);
INSERT INTO kino.agent_activity SELECT * FROM moved;
