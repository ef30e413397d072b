-- Which of the affected rows of {table} differ from what they should be now.
CREATE OR REPLACE TEMP TABLE present AS SELECT {columns} FROM {table} SEMI JOIN affected USING ({key});
CREATE OR REPLACE TEMP TABLE changed AS
WITH wanted AS (SELECT {columns} FROM fresh)
SELECT DISTINCT {key}
FROM ((FROM wanted EXCEPT FROM present) UNION ALL (FROM present EXCEPT FROM wanted));
