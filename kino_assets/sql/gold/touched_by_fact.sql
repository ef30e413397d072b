-- The slices that the changed rows of one fact stand in.
INSERT INTO touched
SELECT DISTINCT metric, scope_type, scope_id, day FROM scoped_measurement
WHERE entity_key IN (SELECT concat_ws('|', {key}) FROM changed);
