-- Rows of the lake's {table}, those it should not have, and those it lacks.
SELECT (SELECT count(*) FROM lake.{table}),
       (SELECT count(*) FROM (FROM lake.{table} EXCEPT ALL FROM scratch.{table})),
       (SELECT count(*) FROM (FROM scratch.{table} EXCEPT ALL FROM lake.{table}));
