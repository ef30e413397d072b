-- Commits by the first production deployment that contained them, from what was walked before.
CREATE OR REPLACE TEMP TABLE affected AS
SELECT repository_id, sha FROM earlier_delivery JOIN delivery_since USING (repository_id) WHERE deployed_at >= since
UNION
SELECT repository_id, sha FROM contained;

CREATE OR REPLACE TEMP TABLE fresh AS
SELECT repository_id, sha, deployment_key, u.subject, u.authored_at, d.deployed_at, d.estimated, u.person_id, u.agent_id,
       u.agent_type, d.event_source, d.event_id
FROM contained JOIN undelivered u USING (repository_id, sha) JOIN deployment_list d USING (repository_id, deployment_key);
