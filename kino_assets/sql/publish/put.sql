-- Only what differs is written: the rest keeps the snapshot that it came with.
INSERT INTO kino.metric_value AS known (
    metric, scope_type, scope_id, period, value, n, coverage, lower, upper, as_of, snapshot_id)
SELECT told.metric, told.scope_type, told.scope_id, %(period)s, told.value, told.n, told.coverage, told.lower,
    told.upper, %(as_of)s, %(snapshot_id)s
FROM unnest(
    %(metric)s::text[], %(scope_type)s::text[], %(scope_id)s::text[], %(value)s::float8[], %(n)s::bigint[],
    %(coverage)s::float8[], %(lower)s::float8[], %(upper)s::float8[]
) AS told (metric, scope_type, scope_id, value, n, coverage, lower, upper)
ON CONFLICT (metric, scope_type, period, scope_id) DO UPDATE SET
    value = excluded.value, n = excluded.n, coverage = excluded.coverage, lower = excluded.lower,
    upper = excluded.upper, as_of = excluded.as_of, snapshot_id = excluded.snapshot_id
WHERE (known.value, known.n, known.coverage, known.lower, known.upper)
    IS DISTINCT FROM (excluded.value, excluded.n, excluded.coverage, excluded.lower, excluded.upper)
