-- How a try ended, unless the lease was over and somebody else tries by now. Bodies are kept no longer than needed.
UPDATE kino.outbox SET
    state = %(state)s,
    last_error = %(error)s,
    next_try_at = coalesce(%(next_try_at)s::timestamptz, next_try_at),
    sent_at = CASE WHEN %(state)s = 'sent' THEN now() END,
    text = CASE WHEN %(state)s = 'waiting' THEN text ELSE '' END,
    html = CASE WHEN %(state)s = 'waiting' THEN html ELSE '' END
WHERE id = %(id)s AND attempts = %(attempts)s
