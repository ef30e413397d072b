-- Every slice of some days: those that the facts stand in, and those that gold has rows of.
CREATE OR REPLACE TEMP TABLE touched AS
SELECT metric, scope_type, scope_id, day FROM scoped_measurement WHERE day BETWEEN $first AND $last
UNION
SELECT metric, scope_type, scope_id, period_start FROM gold.metric_value
WHERE grain = 'day' AND period_start BETWEEN $first AND $last;
