SELECT (SELECT count(*) FROM landing.fold_window) AS windows, moved, stamping FROM landing.fold_order WHERE name = 'fold'
