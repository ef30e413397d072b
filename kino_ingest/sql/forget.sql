-- What nobody needs any more: attempts after a day, links, mail and sessions a month after they were over.
DELETE FROM kino.attempt WHERE made_at < now() - interval '1 day';
DELETE FROM kino.outbox WHERE state <> 'waiting' AND created_at < now() - interval '30 days';
DELETE FROM kino.account_link WHERE expires_at < now() - interval '30 days';
DELETE FROM kino.session WHERE least(ended_at, expires_at) < now() - interval '30 days';
