SELECT EXISTS (
    SELECT FROM kino.audit_unsealed WHERE occurred_at >= %(starts)s AND occurred_at < %(ends)s)
