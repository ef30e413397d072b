-- Agents in this window that the agent table does not hold yet.
SELECT DISTINCT (body ->> '$.agent_id') AS agent_name, (body ->> '$.agent_type') AS declared_type
FROM window_event e
WHERE source = 'agent' AND NOT EXISTS (
    FROM silver.agent a WHERE a.agent_name = (e.body ->> '$.agent_id')
      AND a.declared_type IS NOT DISTINCT FROM (e.body ->> '$.agent_type'));
