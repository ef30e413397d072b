-- Ninety days, and never more than half a million, whatever an attacker does.
DELETE FROM kino.security_event
WHERE last_at < now() - interval '90 days'
   OR occurred_at < (SELECT occurred_at FROM kino.security_event ORDER BY occurred_at DESC OFFSET 500000 LIMIT 1)
