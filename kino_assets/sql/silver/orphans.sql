SELECT '{fact}' AS fact, count(*) AS orphans
FROM silver.{fact} f ANTI JOIN bronze.event e ON e.source = f.event_source AND e.event_id = f.event_id
