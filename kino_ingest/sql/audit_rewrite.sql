UPDATE kino.audit
SET entity_id = left_over.entity_id, before = left_over.before::jsonb, after = left_over.after::jsonb,
    details = left_over.details::jsonb
FROM unnest(%(id)s::bigint[], %(occurred_at)s::timestamptz[], %(entity_id)s::text[], %(before)s::text[],
    %(after)s::text[], %(details)s::text[]) AS left_over (id, occurred_at, entity_id, before, after, details)
WHERE audit.id = left_over.id AND audit.occurred_at = left_over.occurred_at
