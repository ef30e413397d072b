-- The row stays, so that what they did stays somebody's; nobody can sign in with it, whatever they know.
UPDATE kino."user"
SET email = :email, name = :name, role = NULL, password_hash = '', disabled_at = coalesce(disabled_at, now())
WHERE id = :id RETURNING id
