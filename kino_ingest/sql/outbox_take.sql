-- The mail that is due longest. Nobody else takes it before the lease is over, and then somebody does: a sender that
-- dies between the server's yes and its own note has the mail sent twice, under one Message-ID.
UPDATE kino.outbox SET attempts = attempts + 1, next_try_at = now() + %(lease)s
WHERE id = (
    SELECT id FROM kino.outbox WHERE state = 'waiting' AND next_try_at <= now() AND expires_at > now()
    ORDER BY next_try_at FOR UPDATE SKIP LOCKED LIMIT 1)
RETURNING id, kind, recipient, subject, text, html, link_id, link_path, attempts, created_at, expires_at,
    (SELECT token_hash FROM kino.account_link AS link
     WHERE link.id = link_id AND link.used_at IS NULL AND link.expires_at > now()) AS token_hash
