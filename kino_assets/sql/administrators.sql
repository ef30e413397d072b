SELECT id, email FROM kino."user" WHERE role = 'ADMIN' AND disabled_at IS NULL ORDER BY email
