SELECT position, hash FROM kino.audit_seal
WHERE occurred_at >= %(starts)s AND occurred_at < %(ends)s
ORDER BY position
