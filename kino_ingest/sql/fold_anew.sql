-- The log begins anew on this server. Every event that is in this snapshot has an id up to `stamp_to` and gets a new
-- transaction id; what is not in it yet is of a transaction that was open or comes later, and so not below `low`.
UPDATE landing.fold_cursor
SET system_identifier = (SELECT here.system_identifier::text FROM pg_control_system() AS here),
    low = pg_snapshot_xmin(pg_current_snapshot()),
    stamped = 0, stamp_to = coalesce((SELECT max(id) FROM landing.event), 0)
WHERE name = 'fold'
RETURNING stamp_to
