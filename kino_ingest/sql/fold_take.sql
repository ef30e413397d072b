-- The oldest window that nobody is folding. It is gone when the fold commits, and free again when the fold does not.
DELETE FROM landing.fold_window
WHERE low = (SELECT low FROM landing.fold_window ORDER BY low FOR UPDATE SKIP LOCKED LIMIT 1)
RETURNING low::text, high::text
