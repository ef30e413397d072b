-- Which server the transaction ids of the log are from; null where that is not known. While `stamped` is below
-- `stamp_to`, the events with ids above the one and up to the other wait for a transaction id of this server.
ALTER TABLE landing.fold_cursor
    ADD COLUMN system_identifier text,
    ADD COLUMN stamped bigint NOT NULL DEFAULT 0,
    ADD COLUMN stamp_to bigint NOT NULL DEFAULT 0;

-- Whether the order of the log holds. It is `moved` when the database came here from another server's dump: its
-- transaction ids say nothing here, and those that are ahead of this server would hide what comes in from now on.
-- Nothing that was committed here can be ahead of a snapshot taken here, whatever the name of the server.
CREATE VIEW landing.fold_order AS
SELECT name, stamped < stamp_to AS stamping,
    system_identifier IS DISTINCT FROM (SELECT here.system_identifier::text FROM pg_control_system() AS here)
    OR low > pg_snapshot_xmin(pg_current_snapshot())
    OR (stamped >= stamp_to AND coalesce(
        (SELECT event.xid FROM landing.event ORDER BY event.xid DESC LIMIT 1)
            >= pg_snapshot_xmax(pg_current_snapshot()), false)) AS moved
FROM landing.fold_cursor;

-- Nothing is ahead: this is where it was folded so far.
UPDATE landing.fold_cursor
SET system_identifier = (SELECT here.system_identifier::text FROM pg_control_system() AS here)
WHERE low <= pg_snapshot_xmin(pg_current_snapshot())
  AND NOT EXISTS (SELECT FROM landing.event WHERE xid >= pg_snapshot_xmax(pg_current_snapshot()));

-- What occurred more than five minutes after it was received: the sender's clock is ahead.
ALTER TABLE kino.agent_activity ADD COLUMN clock_ahead boolean NOT NULL DEFAULT false;
