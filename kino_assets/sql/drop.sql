-- A full refresh makes {table} anew. Emptying it would leave its past in the catalog: bounds of columns, small inserts.
DROP TABLE {table};
