-- The slices that the changed rows of one fact stand in, with the lake as it is at this moment.
INSERT INTO touched
SELECT DISTINCT metric, scope_type, scope_id, day FROM scoped_measurement
WHERE {matches};
