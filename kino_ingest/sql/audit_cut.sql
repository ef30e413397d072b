INSERT INTO kino.audit_cut (starts, ends, entries, digest, key_id, signature)
VALUES (%(starts)s, %(ends)s, %(entries)s, %(digest)b, %(key_id)s, %(signature)b)
