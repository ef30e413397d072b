UPDATE kino.session SET ended_at = coalesce(ended_at, now()) WHERE user_id = :user_id RETURNING id
