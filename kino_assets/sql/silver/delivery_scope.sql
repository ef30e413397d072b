-- The repositories whose deliveries, incidents, coverage and alerts this window can change, and rooms for what is then
-- gathered of them, once for all the tables that are computed from it. None of this reads the lake.
CREATE OR REPLACE TEMP TABLE delivery_repository AS
SELECT repository_id FROM window_event JOIN repository_name USING (repository)
WHERE (source = 'git' AND type = 'commit')
   OR (source = 'github' AND type IN ('push', 'pull_request', 'deployment_status', 'release', 'issues',
                                      'code_scanning_alert', 'dependabot_alert', 'secret_scanning_alert'))
   OR (source = 'kino' AND type IN ('repository_connected', 'repository_disconnected'))
UNION
SELECT repository_id FROM window_coverage WHERE repository_id IS NOT NULL
UNION
SELECT r.repository_id FROM placed_repository r JOIN window_coverage USING (project_id);

CREATE OR REPLACE TEMP TABLE told_deployment (
    repository_id UUID, kind VARCHAR, deployment_key VARCHAR, environment VARCHAR, production BOOLEAN, sha VARCHAR,
    ref VARCHAR, tag VARCHAR, title VARCHAR, deployed_at TIMESTAMPTZ, attempt_failed_at TIMESTAMPTZ,
    event_source VARCHAR, event_id VARCHAR);
CREATE OR REPLACE TEMP TABLE deployment_list (
    repository_id UUID, deployment_key VARCHAR, environment VARCHAR, sha VARCHAR, ref VARCHAR, tag VARCHAR,
    title VARCHAR, deployed_at TIMESTAMPTZ, attempt_failed_at TIMESTAMPTZ, contained_until TIMESTAMPTZ,
    estimated BOOLEAN, brings BOOLEAN, replaces VARCHAR, goes_back BOOLEAN, event_source VARCHAR, event_id VARCHAR);
CREATE OR REPLACE TEMP TABLE earlier_deployment (
    repository_id UUID, deployment_key VARCHAR, sha VARCHAR, deployed_at TIMESTAMPTZ, contained_until TIMESTAMPTZ,
    estimated BOOLEAN, event_id VARCHAR);
CREATE OR REPLACE TEMP TABLE earlier_delivery (repository_id UUID, sha VARCHAR, deployed_at TIMESTAMPTZ);
CREATE OR REPLACE TEMP TABLE delivery_since (repository_id UUID, since TIMESTAMPTZ);
CREATE OR REPLACE TEMP TABLE undelivered (
    repository_id UUID, sha VARCHAR, parents VARCHAR[], committed_at TIMESTAMPTZ, authored_at TIMESTAMPTZ,
    subject VARCHAR, person_id UUID, agent_id UUID, agent_type VARCHAR);
CREATE OR REPLACE TEMP TABLE contained (repository_id UUID, sha VARCHAR, deployment_key VARCHAR);
CREATE OR REPLACE TEMP TABLE delivery (
    repository_id UUID, sha VARCHAR, deployment_key VARCHAR, deployed_at TIMESTAMPTZ, title VARCHAR,
    reverted_title VARCHAR, hotfix BOOLEAN);
CREATE OR REPLACE TEMP TABLE known_pull_request (
    repository_id UUID, number BIGINT, title VARCHAR, merged_at TIMESTAMPTZ, person_id UUID, agent_id UUID,
    agent_type VARCHAR, event_source VARCHAR, event_id VARCHAR);
CREATE OR REPLACE TEMP TABLE earlier_outcome (repository_id UUID, number BIGINT);
CREATE OR REPLACE TEMP TABLE github_word (
    repository_id UUID, number BIGINT, branch VARCHAR, labels VARCHAR[], merged_at TIMESTAMPTZ, merge_sha VARCHAR);
CREATE OR REPLACE TEMP TABLE pull_request_sha (repository_id UUID, number BIGINT, sha VARCHAR, told_as VARCHAR);
CREATE OR REPLACE TEMP TABLE covered_sha (
    repository_id UUID, project_id UUID, sha VARCHAR, coverage DOUBLE, occurred_at TIMESTAMPTZ,
    event_source VARCHAR, event_id VARCHAR);
CREATE OR REPLACE TEMP TABLE known_issue (
    repository_id UUID, number BIGINT, title VARCHAR, incident BOOLEAN, gone BOOLEAN, opened_at TIMESTAMPTZ,
    closed_at TIMESTAMPTZ, named VARCHAR[], event_source VARCHAR, event_id VARCHAR);
CREATE OR REPLACE TEMP TABLE alert_word (
    repository_id UUID, tool VARCHAR, number BIGINT, action VARCHAR, open BOOLEAN, created_at TIMESTAMPTZ,
    pull_request BIGINT, sha VARCHAR, occurred_at TIMESTAMPTZ, event_source VARCHAR, event_id VARCHAR);
