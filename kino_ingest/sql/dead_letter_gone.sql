DELETE FROM landing.dead_letter
USING unnest(%(source)s::text[], %(event_id)s::text[]) AS folded (source, event_id)
WHERE dead_letter.source = folded.source AND dead_letter.event_id = folded.event_id
