-- Rows of the lake's {table}, those it should not have, and those it lacks. Each table is read once, whatever differs.
SELECT coalesce(sum(found), 0)::BIGINT,
       coalesce(sum(greatest(found - due, 0)), 0)::BIGINT,
       coalesce(sum(greatest(due - found, 0)), 0)::BIGINT
FROM (
    SELECT count(*) FILTER (in_lake) AS found, count(*) FILTER (NOT in_lake) AS due
    FROM (
        SELECT there AS compared, true AS in_lake FROM lake.{table} AS there
        UNION ALL
        SELECT rebuilt, false FROM scratch.{table} AS rebuilt
    )
    GROUP BY compared
);
