SELECT 1 FROM merge_candidate UNION ALL SELECT 1 FROM told_pull_request UNION ALL SELECT 1 FROM held_pull_request LIMIT 1
