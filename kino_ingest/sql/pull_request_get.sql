SELECT pull_request.*
FROM unnest(%(repository_ids)s::uuid[], %(numbers)s::integer[]) AS asked (repository_id, number)
JOIN kino.pull_request USING (repository_id, number)
