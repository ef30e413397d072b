-- Since when the chain has grown beyond what the log was told of: the last telling, or the first entry where there was
-- none. Null when there is nothing new.
SELECT CASE
    WHEN (SELECT max(position) FROM kino.audit_seal) > coalesce((SELECT max(position) FROM kino.audit_anchor), 0)
    THEN coalesce(
        (SELECT anchored_at FROM kino.audit_anchor ORDER BY position DESC LIMIT 1),
        (SELECT occurred_at FROM kino.audit_seal ORDER BY position LIMIT 1))
END
