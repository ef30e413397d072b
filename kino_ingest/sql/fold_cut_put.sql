WITH cut AS (
    INSERT INTO landing.fold_window (low, high) VALUES (%(low)s::text::xid8, %(high)s::text::xid8)
)
UPDATE landing.fold_cursor SET low = %(high)s::text::xid8 WHERE name = 'fold'
