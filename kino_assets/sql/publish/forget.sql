-- What is of another month, or of a project that gold does not know any more.
DELETE FROM kino.metric_value
WHERE period <> %(period)s OR (scope_type = 'project' AND scope_id <> ALL (%(projects)s::text[]))
