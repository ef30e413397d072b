SELECT entity, event_source, event_id, occurred_at, numerator, denominator
FROM scoped_measurement
WHERE metric = $metric AND scope_type = $scope_type AND scope_id = $scope_id AND day BETWEEN $first AND $last
  AND ($projects::VARCHAR[] IS NULL OR list_contains($projects::VARCHAR[], project_id::VARCHAR))
ORDER BY occurred_at, entity, event_id
LIMIT $limit OFFSET $offset
