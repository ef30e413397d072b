UPDATE kino.outbox SET state = 'expired', text = '', html = '' WHERE state = 'waiting' AND expires_at <= now()
