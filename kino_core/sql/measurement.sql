SELECT '{metric.key}' AS metric, {metric.version} AS version, '{metric.kind}' AS kind, '{metric.fact}' AS fact,
       {fact.entity} AS entity, concat_ws('|', {key}) AS entity_key, ({fact.repository})::UUID AS repository_id, ({fact.project})::UUID AS fact_project_id,
       ({fact.person})::UUID AS person_id, agent_id, agent_type, ({metric.occurred_at}) AS occurred_at,
       ({metric.numerator})::DOUBLE AS numerator, ({metric.denominator})::DOUBLE AS denominator,
       ({metric.upper})::DOUBLE AS upper, event_source, event_id
FROM silver.{metric.fact}
WHERE {metric.filter}
