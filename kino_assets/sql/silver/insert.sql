INSERT INTO {table} BY NAME SELECT {columns} FROM fresh SEMI JOIN changed USING ({key});
