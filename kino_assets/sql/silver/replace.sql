-- Replace what changed, whole rows at a time.
DELETE FROM {table} WHERE ({key}) IN (SELECT ({key}) FROM changed);
INSERT INTO {table} BY NAME SELECT {columns} FROM fresh SEMI JOIN changed USING ({key});
