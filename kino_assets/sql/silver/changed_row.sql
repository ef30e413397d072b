-- What changed, as it was and as it is.
CREATE OR REPLACE TEMP TABLE changed_row AS
SELECT {columns} FROM present SEMI JOIN changed USING ({key})
UNION ALL
SELECT {columns} FROM fresh SEMI JOIN changed USING ({key});
