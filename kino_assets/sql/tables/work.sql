-- What was told of a project each time; `since` is when the status was given that it had then. People give them all.
CREATE TABLE IF NOT EXISTS silver.project_status (
    project_id UUID, status VARCHAR, since TIMESTAMPTZ, start_date DATE, end_date DATE, archived BOOLEAN,
    told_at TIMESTAMPTZ, event_source VARCHAR, event_id VARCHAR
);
-- What people wrote of a project, without a word of it.
CREATE TABLE IF NOT EXISTS silver.project_update (
    update_id UUID, project_id UUID, period_start DATE, period_end DATE, overall_status VARCHAR,
    written_at TIMESTAMPTZ, removed_at TIMESTAMPTZ, told_at TIMESTAMPTZ, event_source VARCHAR, event_id VARCHAR
);
-- What waits for what: a whole project, on either side, where the item is null.
CREATE TABLE IF NOT EXISTS silver.dependency (
    dependency_id UUID, project_id UUID, item_id UUID, depends_on_project_id UUID, depends_on_item_id UUID,
    added_at TIMESTAMPTZ, removed_at TIMESTAMPTZ, event_source VARCHAR, event_id VARCHAR
);
-- Who those who sign in are in the histories, where somebody said so.
CREATE TABLE IF NOT EXISTS silver.account (
    user_id UUID, person_id UUID, told_at TIMESTAMPTZ, told_id VARCHAR, pseudonym_id UUID
);
-- What people said of scope items, a row each time; `told_at` orders what they said of one, `said_at` when the status holds.
CREATE TABLE IF NOT EXISTS silver.scope_telling (
    project_id UUID, item_id UUID, event_type VARCHAR, occurred_at TIMESTAMPTZ, told_at TIMESTAMPTZ, key VARCHAR,
    start_date DATE, end_date DATE, assignee_type VARCHAR, assignee_id UUID, said_status VARCHAR, said_at TIMESTAMPTZ,
    event_source VARCHAR, event_id VARCHAR
);
-- Scope items as they stand, the deleted ones (`removed_at`) as they stood last. The event is what brought the status.
CREATE TABLE IF NOT EXISTS silver.scope_item (
    project_id UUID, item_id UUID, key VARCHAR, status VARCHAR, status_since TIMESTAMPTZ, added_at TIMESTAMPTZ,
    started_at TIMESTAMPTZ, completed_at TIMESTAMPTZ, cancelled_at TIMESTAMPTZ, removed_at TIMESTAMPTZ,
    start_date DATE, end_date DATE, person_id UUID, agent_id UUID, agent_type VARCHAR,
    event_source VARCHAR, event_id VARCHAR
);
-- How scope items came to stand so, a row whenever the status or the start of one changed; REMOVED is the end of it.
-- `scope`, `completed` and `in_progress` are +1 where one begins to be counted so and -1 where it ceases to be.
-- Until the end of the project's first day, which begins at `baseline_at`, changes make up what later ones change.
CREATE TABLE IF NOT EXISTS silver.scope_change (
    project_id UUID, item_id UUID, key VARCHAR, occurred_at TIMESTAMPTZ, status VARCHAR, started_at TIMESTAMPTZ,
    scope INTEGER, completed INTEGER, in_progress INTEGER, baseline_at TIMESTAMPTZ, after_baseline BOOLEAN,
    person_id UUID, agent_id UUID, agent_type VARCHAR, event_source VARCHAR, event_id VARCHAR
);
