-- What a project is to deliver. `status`, `started_at` and `completed_at` follow from what a person said last (`said_…`)
-- and from what agents tell of the task that has this key or id: kino_ingest/sql/scope_items_settle.sql says how.
CREATE TABLE kino.scope_item (
    id uuid PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES kino.project ON DELETE CASCADE,
    key text,
    title text NOT NULL,
    description text NOT NULL DEFAULT '',
    priority text NOT NULL DEFAULT 'MEDIUM' CHECK (priority IN ('HIGH', 'MEDIUM', 'LOW')),
    status text NOT NULL DEFAULT 'TODO' CHECK (status IN ('TODO', 'IN_PROGRESS', 'BLOCKED', 'DONE', 'CANCELLED')),
    started_at timestamptz,
    completed_at timestamptz,
    said_status text CHECK (said_status IN ('TODO', 'IN_PROGRESS', 'BLOCKED', 'DONE', 'CANCELLED')),
    said_at timestamptz,
    said_started_at timestamptz,
    start_date date,
    end_date date CHECK (end_date >= start_date),
    assignee_type text CHECK (assignee_type IN ('USER', 'AGENT')),
    assignee_id uuid,
    milestone_id uuid REFERENCES kino.milestone ON DELETE SET NULL,
    position integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    created_by uuid,
    CHECK (num_nonnulls(assignee_type, assignee_id) IN (0, 2)),
    CHECK (num_nonnulls(said_status, said_at) IN (0, 2))
);
CREATE UNIQUE INDEX scope_item_by_key ON kino.scope_item (project_id, lower(key));
CREATE INDEX scope_item_in_order ON kino.scope_item (project_id, position, id);
CREATE INDEX scope_item_by_milestone ON kino.scope_item (milestone_id) WHERE milestone_id IS NOT NULL;
CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON kino.scope_item FOR EACH ROW
    EXECUTE FUNCTION kino.audit_change('scope_item', '{id}', 'project_id', '{}', '{}');

-- What one person wrote about one period of a project.
CREATE TABLE kino.project_update (
    id uuid PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES kino.project ON DELETE CASCADE,
    submitted_by uuid NOT NULL,
    overall_status text NOT NULL CHECK (overall_status IN ('ON_TRACK', 'AT_RISK', 'BLOCKED', 'COMPLETED')),
    achievements text NOT NULL DEFAULT '',
    challenges text NOT NULL DEFAULT '',
    planned_work text NOT NULL DEFAULT '',
    notes text NOT NULL DEFAULT '',
    period_start date NOT NULL,
    period_end date NOT NULL CHECK (period_end >= period_start),
    submitted_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX project_update_by_period ON kino.project_update (project_id, submitted_by, period_start, period_end);
CREATE INDEX project_update_by_time ON kino.project_update (project_id, submitted_at DESC, id DESC);
CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON kino.project_update FOR EACH ROW
    EXECUTE FUNCTION kino.audit_change('project_update', '{id}', 'project_id', '{}', '{}');

-- A note that stands beside the numbers of a day.
CREATE TABLE kino.annotation (
    id uuid PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES kino.project ON DELETE CASCADE,
    day date NOT NULL,
    metric text,
    scope_item_id uuid REFERENCES kino.scope_item ON DELETE SET NULL,
    text text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    created_by uuid
);
CREATE INDEX annotation_by_day ON kino.annotation (project_id, day, id);
CREATE INDEX annotation_by_item ON kino.annotation (scope_item_id) WHERE scope_item_id IS NOT NULL;
CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON kino.annotation FOR EACH ROW
    EXECUTE FUNCTION kino.audit_change('annotation', '{id}', 'project_id', '{}', '{}');

-- A blocker that a person closed; agents close theirs by events.
CREATE TABLE kino.blocker_resolution (
    project_id uuid NOT NULL REFERENCES kino.project ON DELETE CASCADE,
    blocker_id text NOT NULL,
    occurred_at timestamptz NOT NULL,
    resolved_by uuid,
    PRIMARY KEY (project_id, blocker_id, occurred_at)
);
CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON kino.blocker_resolution FOR EACH ROW
    EXECUTE FUNCTION kino.audit_change('blocker_resolution', '{project_id,blocker_id}', 'project_id', '{}', '{}');

-- What agents told under one session id, each event counted once.
CREATE TABLE kino.agent_session (
    agent_id uuid NOT NULL,
    project_id uuid NOT NULL,
    session_id text NOT NULL,
    parent_agent text,
    model text,
    model_told_at timestamptz,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    tasks_started integer NOT NULL,
    commits integer NOT NULL,
    test_runs integer NOT NULL,
    tasks_completed integer NOT NULL,
    blockers integer NOT NULL,
    PRIMARY KEY (agent_id, project_id, session_id)
);
CREATE INDEX agent_session_by_time ON kino.agent_session (agent_id, last_seen_at DESC);
INSERT INTO kino.agent_session (
    agent_id, project_id, session_id, model, model_told_at, first_seen_at, last_seen_at, tasks_started, commits,
    test_runs, tasks_completed, blockers)
SELECT agent_id, project_id, session_id,
    (array_agg(model ORDER BY occurred_at DESC, model COLLATE "C" DESC) FILTER (WHERE model IS NOT NULL))[1],
    max(occurred_at) FILTER (WHERE model IS NOT NULL), min(occurred_at), max(occurred_at),
    count(*) FILTER (WHERE event_type = 'task_started'), count(*) FILTER (WHERE event_type = 'code_commit'),
    count(*) FILTER (WHERE event_type = 'test_execution'), count(*) FILTER (WHERE event_type = 'task_completed'),
    count(*) FILTER (WHERE event_type = 'blocker_identified')
FROM kino.agent_activity WHERE session_id IS NOT NULL
GROUP BY agent_id, project_id, session_id;

-- What is told of a task and what is told of a blocker, found without going through a project's whole history.
CREATE INDEX agent_activity_of_task ON kino.agent_activity (project_id, lower(task_id))
    WHERE event_type IN ('task_started', 'task_completed', 'blocker_identified');
CREATE INDEX agent_activity_of_blocker ON kino.agent_activity (project_id, coalesce(data ->> 'blocker_id', task_id))
    WHERE event_type = 'blocker_identified';
DROP INDEX kino.agent_activity_blockers;

-- What agents said of blockers. One without an id of its own is its task's.
CREATE VIEW kino.blocker_report AS
    SELECT project_id, coalesce(data ->> 'blocker_id', task_id) AS blocker_id, task_id, agent_id,
        coalesce(data ->> 'description', '') AS description, data ->> 'resolved' IS DISTINCT FROM 'true' AS open,
        occurred_at, source, event_id
    FROM kino.agent_activity WHERE event_type = 'blocker_identified';

-- The blockers of some projects (of all where null; only those in `blockers` unless null) that were open at a moment,
-- 'infinity' for now: the last word said "open". Blockers close when they are reported resolved, when one of their tasks completes, or when a
-- person closes them. The lake says the same in silver/blocker_change.sql; a test compares the two.
CREATE FUNCTION kino.open_blocker(projects uuid[], moment timestamptz, blockers text[] DEFAULT NULL)
RETURNS TABLE (
    project_id uuid, blocker_id text, task_id text, agent_id uuid, description text, opened_at timestamptz,
    last_reported_at timestamptz, source text, event_id text)
LANGUAGE sql STABLE AS $$
    WITH report AS (
        SELECT report.* FROM kino.blocker_report AS report
        WHERE report.occurred_at <= moment AND (projects IS NULL OR report.project_id = ANY (projects))
          AND (blockers IS NULL OR report.blocker_id = ANY (blockers))
    ), reported_open AS (
        SELECT latest.project_id, latest.blocker_id
        FROM (
            SELECT DISTINCT ON (report.project_id, report.blocker_id) report.project_id, report.blocker_id, report.open
            FROM report
            ORDER BY report.project_id, report.blocker_id, report.occurred_at DESC, report.source COLLATE "C" DESC,
                report.event_id COLLATE "C" DESC
        ) AS latest
        WHERE latest.open
    ), word AS (
        SELECT report.* FROM report JOIN reported_open USING (project_id, blocker_id)
        UNION ALL
        SELECT asked.project_id, asked.blocker_id, done.task_id, done.agent_id, '', false, done.occurred_at,
            done.source, done.event_id
        FROM (
            SELECT DISTINCT ON (report.project_id, report.blocker_id, report.task_id) report.*
            FROM report JOIN reported_open USING (project_id, blocker_id)
            ORDER BY report.project_id, report.blocker_id, report.task_id, report.occurred_at,
                report.source COLLATE "C", report.event_id COLLATE "C"
        ) AS asked
        JOIN kino.agent_activity AS done ON done.project_id = asked.project_id
            AND lower(done.task_id) = lower(asked.task_id) AND done.task_id = asked.task_id
        -- A task that reports the blocker only later had nothing to do with it when it was completed.
        WHERE done.event_type = 'task_completed' AND done.occurred_at <= moment
          AND (done.occurred_at, done.source COLLATE "C", done.event_id COLLATE "C")
            > (asked.occurred_at, asked.source, asked.event_id)
        UNION ALL
        SELECT closed.project_id, closed.blocker_id, NULL, NULL, '', false, closed.occurred_at, 'kino', ''
        FROM kino.blocker_resolution AS closed JOIN reported_open USING (project_id, blocker_id)
        WHERE closed.occurred_at <= moment
    ), turned AS (
        SELECT word.*, word.open AND NOT coalesce(lag(word.open) OVER in_order, false) AS opens
        FROM word
        WINDOW in_order AS (
            PARTITION BY word.project_id, word.blocker_id
            ORDER BY word.occurred_at, word.source COLLATE "C", word.event_id COLLATE "C")
    ), latest AS (
        SELECT DISTINCT ON (turned.project_id, turned.blocker_id) turned.*,
            max(turned.occurred_at) FILTER (WHERE turned.opens)
                OVER (PARTITION BY turned.project_id, turned.blocker_id) AS opened_at
        FROM turned
        ORDER BY turned.project_id, turned.blocker_id, turned.occurred_at DESC, turned.source COLLATE "C" DESC,
            turned.event_id COLLATE "C" DESC
    )
    SELECT latest.project_id, latest.blocker_id, latest.task_id, latest.agent_id, latest.description,
        latest.opened_at, latest.occurred_at, latest.source, latest.event_id
    FROM latest WHERE latest.open
$$;

-- Replaces the ones that knew no items and no updates.
CREATE OR REPLACE FUNCTION kino.project_metadata(project_id uuid)
RETURNS TABLE (progress_percentage double precision, last_update_at timestamptz) LANGUAGE sql STABLE AS $$
    SELECT
        (SELECT 100.0 * count(*) FILTER (WHERE item.status = 'DONE')
             / nullif(count(*) FILTER (WHERE item.status <> 'CANCELLED'), 0)
         FROM kino.scope_item AS item WHERE item.project_id = project_metadata.project_id)::double precision,
        (SELECT max(told.submitted_at) FROM kino.project_update AS told
         WHERE told.project_id = project_metadata.project_id)
$$;
CREATE OR REPLACE VIEW kino.dependable_item AS
    SELECT id, project_id, end_date, status IN ('DONE', 'CANCELLED') AS finished FROM kino.scope_item;
-- What waits for an item that is gone, or made others wait, does so no more.
ALTER TABLE kino.dependency
    ADD CONSTRAINT dependency_item FOREIGN KEY (item_id) REFERENCES kino.scope_item ON DELETE CASCADE,
    ADD CONSTRAINT dependency_on_item FOREIGN KEY (depends_on_item_id) REFERENCES kino.scope_item ON DELETE CASCADE;
CREATE INDEX dependency_of_item ON kino.dependency (item_id) WHERE item_id IS NOT NULL;
CREATE INDEX dependency_by_target_item ON kino.dependency (depends_on_item_id) WHERE depends_on_item_id IS NOT NULL;
