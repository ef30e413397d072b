UPDATE landing.fold_cursor SET low = %(high)s::text::xid8 WHERE name = 'fold'
