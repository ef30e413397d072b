SELECT pull_request.number, pull_request.title, pull_request.state, repository.full_name,
    coalesce(person.name, identity.name) AS author,
    coalesce(pull_request.merged_at, pull_request.closed_at, pull_request.opened_at) AS happened_at,
    pull_request.told_by = 'github' AS on_github
FROM kino.pull_request
JOIN kino.repository ON repository.id = pull_request.repository_id
LEFT JOIN kino.identity ON identity.key = pull_request.author_key
LEFT JOIN kino.person ON person.id = identity.person_id
WHERE repository.project_id = :project_id
ORDER BY coalesce(pull_request.merged_at, pull_request.closed_at, pull_request.opened_at) DESC NULLS LAST,
    pull_request.number DESC
LIMIT :limit
