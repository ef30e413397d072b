INSERT INTO kino.metric_publication (period, snapshot_id, as_of)
VALUES (%(period)s, %(snapshot_id)s, %(as_of)s)
ON CONFLICT (single) DO UPDATE SET
    period = excluded.period, snapshot_id = excluded.snapshot_id, as_of = excluded.as_of
