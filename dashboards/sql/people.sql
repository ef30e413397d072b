-- Humans with a commit in the project's repositories, by name: people are never ranked.
WITH authors AS (
    SELECT DISTINCT "commit".author_key
    FROM kino."commit" JOIN kino.repository ON repository.id = "commit".repository_id
    WHERE repository.project_id = :project_id
)
SELECT DISTINCT ON (lower(coalesce(person.name, identity.name)), identity.person_id)
    coalesce(person.name, identity.name) AS name
FROM authors
JOIN kino.identity ON identity.key = authors.author_key AND identity.kind = 'human'
LEFT JOIN kino.person ON person.id = identity.person_id
ORDER BY lower(coalesce(person.name, identity.name)), identity.person_id
