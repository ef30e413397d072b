SELECT EXISTS (
    SELECT FROM kino.outbox
    WHERE kind = :kind AND subject = :subject AND created_at > now() - interval '1 day')
