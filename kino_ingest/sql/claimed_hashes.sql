-- A statement of its own: one that lost a claim to a concurrent transaction cannot see that claim in its snapshot.
SELECT claim.source, claim.event_id, claim.body_hash
FROM unnest(%(sources)b::text[], %(event_ids)b::text[]) AS asked (source, event_id)
JOIN landing.claim USING (source, event_id)
