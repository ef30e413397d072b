SELECT metric, version, kind, '{name}' AS fact,
       {fact.entity} AS entity, concat_ws('|', {key}) AS entity_key, ({fact.repository})::UUID AS repository_id, ({fact.project})::UUID AS fact_project_id,
       ({fact.person})::UUID AS person_id, agent_id, agent_type, {occurred_at} AS occurred_at,
       ({numerator})::DOUBLE AS numerator, ({denominator})::DOUBLE AS denominator, ({upper})::DOUBLE AS upper,
       event_source, event_id
FROM {rows}, (VALUES {metrics}) AS m(metric, version, kind)
WHERE {filter}
