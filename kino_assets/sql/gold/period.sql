-- The rows to be written, and the longer periods that hold a touched day.
CREATE OR REPLACE TEMP TABLE fresh_value AS SELECT * FROM gold.metric_value LIMIT 0;
CREATE OR REPLACE TEMP TABLE touched_period AS
SELECT DISTINCT metric, scope_type, scope_id, grain, date_trunc(grain, day)::DATE AS period_start
FROM touched_slice, (VALUES ('week'), ('month'), ('quarter'), ('year')) AS g(grain);
CREATE OR REPLACE TEMP TABLE touched_line AS
SELECT DISTINCT metric, scope_type, scope_id FROM touched_slice
SEMI JOIN (FROM metric_kind WHERE kind IN ('level', 'level_ratio')) USING (metric);
