SELECT entity, event_source, event_id, occurred_at, numerator, denominator
FROM scoped_measurement
WHERE metric = $metric AND scope_type = $scope_type AND scope_id = $scope_id AND day BETWEEN $first AND $last
ORDER BY occurred_at, entity, event_id
LIMIT $limit OFFSET $offset
