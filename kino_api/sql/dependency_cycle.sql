-- Whether what is to be waited for waits, itself or through others, for what is to wait. A project waits for whatever
-- any of its items waits for, and waiting for a project is waiting for all of its items; where the item is null the
-- whole project is meant. Two ends touch when they have work in common.
WITH RECURSIVE reached (project_id, item_id) AS (
    SELECT CAST(:depends_on_project_id AS uuid), CAST(:depends_on_item_id AS uuid)
    UNION
    SELECT next.depends_on_project_id, next.depends_on_item_id
    FROM reached JOIN kino.dependency AS next ON next.project_id = reached.project_id
        AND (next.item_id IS NULL OR reached.item_id IS NULL OR next.item_id = reached.item_id)
)
SELECT FROM reached
WHERE reached.project_id = :project_id
  AND (reached.item_id IS NULL OR CAST(:item_id AS uuid) IS NULL OR reached.item_id = :item_id)
