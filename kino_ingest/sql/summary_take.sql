-- The projects that something changed in, taken off the list; those that another worker is taking are left to it.
WITH chosen AS MATERIALIZED (
    SELECT ctid AS place FROM kino.project_touched LIMIT %(most)s FOR UPDATE SKIP LOCKED
), taken AS (
    DELETE FROM kino.project_touched USING chosen WHERE project_touched.ctid = chosen.place
    RETURNING project_touched.project_id
)
SELECT DISTINCT project_id FROM taken
