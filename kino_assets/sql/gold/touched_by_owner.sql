-- Every slice of the changed projects or repositories: a new owner or time zone moves all that they hold.
INSERT INTO touched
SELECT DISTINCT metric, scope_type, scope_id, day FROM scoped_measurement
WHERE {key} IN (SELECT {key} FROM changed);
