SELECT 1 FROM known_merge UNION ALL SELECT 1 FROM told_pull_request UNION ALL SELECT 1 FROM held_pull_request LIMIT 1
