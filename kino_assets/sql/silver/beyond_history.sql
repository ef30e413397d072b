-- What a window tells of deliveries beside commits. Pull requests among them are known by now.
SELECT 1 FROM window_event
WHERE (source, type) NOT IN (('git', 'commit'), ('github', 'push'), ('github', 'pull_request'))
  AND source <> 'agent' OR (source, type) = ('agent', 'test_execution')
LIMIT 1
