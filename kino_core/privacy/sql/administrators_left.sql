SELECT coalesce(bool_or(id = ANY (CAST(:user_ids AS uuid[]))), false) AS one_goes,
    coalesce(bool_or(id <> ALL (CAST(:user_ids AS uuid[]))), false) AS others
FROM kino."user" WHERE role = 'ADMIN' AND disabled_at IS NULL
