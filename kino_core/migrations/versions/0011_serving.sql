-- Authors are looked up for every person who is merged.
CREATE INDEX commit_by_author ON kino."commit" (author_key);
-- In the order of their lists.
CREATE INDEX agent_by_name ON kino.agent (lower(name), id);
CREATE INDEX report_by_scope ON kino.report (scope_id, created_at DESC, id DESC);

-- When this session last changed something: for some seconds it does not read from a replica.
ALTER TABLE kino.session ADD COLUMN wrote_at timestamptz;

-- How a project stands: what a manager said, else the rule of `kino_api/health.py`; null where nothing ever happened.
CREATE FUNCTION kino.project_health(
    said text, end_date date, time_zone text, slipping boolean, oldest_blocker_at timestamptz,
    last_activity_at timestamptz, moment timestamptz
) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN said IS NOT NULL THEN said
        WHEN oldest_blocker_at < moment - interval '24 hours' THEN 'BLOCKED'
        WHEN last_activity_at < moment - interval '168 hours' THEN 'AT_RISK'
        WHEN slipping OR kino.is_past(end_date, time_zone) THEN 'AT_RISK'
        WHEN last_activity_at IS NOT NULL THEN 'ON_TRACK'
    END
$$;

-- What a card shows that has to be counted, so that lists join one row. `weeks` holds the commits of the running week
-- and the eleven before it by the week's Monday (UTC); counted later, the older ones are just not looked at.
CREATE TABLE kino.project_summary (
    project_id uuid PRIMARY KEY REFERENCES kino.project ON DELETE CASCADE,
    repositories integer NOT NULL DEFAULT 0,
    people integer NOT NULL DEFAULT 0,
    agents integer NOT NULL DEFAULT 0,
    commits bigint NOT NULL DEFAULT 0,
    last_activity_at timestamptz,
    agents_report boolean NOT NULL DEFAULT false,
    weeks jsonb NOT NULL DEFAULT '{}',
    busiest_week bigint NOT NULL DEFAULT 0,
    open_blockers integer NOT NULL DEFAULT 0,
    oldest_blocker_at timestamptz,
    counted_at timestamptz NOT NULL DEFAULT now()
);

-- Agents that wrote or co-wrote a commit of the project or reported to it.
CREATE TABLE kino.project_agent (
    project_id uuid NOT NULL,
    agent_id uuid NOT NULL,
    PRIMARY KEY (project_id, agent_id)
);
CREATE INDEX project_agent_by_agent ON kino.project_agent (agent_id);

-- Those that reported: told by the rows as they come, because activity is too much to look through again.
CREATE TABLE kino.reporting_agent (
    project_id uuid NOT NULL,
    agent_id uuid NOT NULL,
    PRIMARY KEY (project_id, agent_id)
);
CREATE INDEX reporting_agent_by_agent ON kino.reporting_agent (agent_id);

-- Projects that something changed in since they were counted, in the transaction of the change. A row more for each
-- change: nobody waits for anybody else's.
CREATE TABLE kino.project_touched (project_id uuid NOT NULL);

-- Counts the projects anew. Whoever comes second waits and then counts what the first one may not have seen.
CREATE FUNCTION kino.recount_projects(asked uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    monday timestamp := date_trunc('week', now() AT TIME ZONE 'UTC');
BEGIN
    PERFORM FROM kino.project_summary WHERE project_id = ANY (asked) ORDER BY project_id FOR UPDATE;
    WITH connected AS (
        SELECT id, project_id FROM kino.repository WHERE project_id = ANY (asked)
    ), authored AS MATERIALIZED (
        SELECT connected.project_id, "commit".author_key, "commit".agent_id, count(*) AS commits,
            max("commit".committed_at) AS last_at
        FROM kino."commit" JOIN connected ON connected.id = "commit".repository_id
        GROUP BY connected.project_id, "commit".author_key, "commit".agent_id
    ), code AS (
        SELECT authored.project_id, sum(authored.commits)::bigint AS commits, max(authored.last_at) AS last_at,
            count(DISTINCT identity.person_id) FILTER (WHERE identity.kind = 'human') AS people
        FROM authored LEFT JOIN kino.identity ON identity.key = authored.author_key
        GROUP BY authored.project_id
    ), seen AS MATERIALIZED (
        SELECT project_id, agent_id FROM authored WHERE agent_id IS NOT NULL
        UNION
        SELECT project_id, agent_id FROM kino.reporting_agent WHERE project_id = ANY (asked)
    ), gone AS (
        DELETE FROM kino.project_agent AS known
        WHERE known.project_id = ANY (asked)
          AND (known.project_id, known.agent_id) NOT IN (SELECT project_id, agent_id FROM seen)
    ), come AS (
        INSERT INTO kino.project_agent SELECT project_id, agent_id FROM seen ON CONFLICT DO NOTHING
    ), weekly AS (
        SELECT connected.project_id, date_trunc('week', "commit".committed_at AT TIME ZONE 'UTC')::date AS week,
            count(*) AS commits
        FROM kino."commit" JOIN connected ON connected.id = "commit".repository_id
        WHERE "commit".committed_at >= (monday - interval '11 weeks') AT TIME ZONE 'UTC'
          -- What claims to be from a far future would only grow; it is counted when its time comes.
          AND "commit".committed_at < (monday + interval '12 weeks') AT TIME ZONE 'UTC'
        GROUP BY 1, 2
    ), blocked AS (
        SELECT project_id, count(*) AS open, min(opened_at) AS oldest_at
        FROM kino.open_blocker(asked, 'infinity') GROUP BY project_id
    )
    UPDATE kino.project_summary AS summary SET
        repositories = (SELECT count(*) FROM connected WHERE connected.project_id = summary.project_id),
        people = coalesce(code.people, 0),
        agents = (SELECT count(*) FROM seen WHERE seen.project_id = summary.project_id),
        commits = coalesce(code.commits, 0),
        last_activity_at = greatest(code.last_at, activity.last_at),
        agents_report = activity.last_at IS NOT NULL,
        weeks = coalesce(
            (SELECT jsonb_object_agg(weekly.week, weekly.commits) FROM weekly
             WHERE weekly.project_id = summary.project_id), '{}'),
        busiest_week = coalesce(
            (SELECT max(weekly.commits) FROM weekly
             WHERE weekly.project_id = summary.project_id AND weekly.week <= monday), 0),
        open_blockers = coalesce(blocked.open, 0),
        oldest_blocker_at = blocked.oldest_at,
        counted_at = clock_timestamp()
    FROM unnest(asked) AS counted (project_id)
    LEFT JOIN code ON code.project_id = counted.project_id
    LEFT JOIN blocked ON blocked.project_id = counted.project_id
    LEFT JOIN LATERAL (
        SELECT agent_activity.occurred_at AS last_at FROM kino.agent_activity
        WHERE agent_activity.project_id = counted.project_id ORDER BY agent_activity.occurred_at DESC LIMIT 1
    ) AS activity ON true
    WHERE summary.project_id = counted.project_id;
END $$;

-- Whatever changes a count, on whichever way, says so itself.
CREATE FUNCTION kino.make_project_summary() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO kino.project_summary (project_id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
    -- Agents may have reported before, under the id that it has.
    INSERT INTO kino.project_touched SELECT NEW.id
    WHERE EXISTS (SELECT FROM kino.reporting_agent WHERE reporting_agent.project_id = NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER summarised AFTER INSERT ON kino.project FOR EACH ROW EXECUTE FUNCTION kino.make_project_summary();

CREATE FUNCTION kino.touch_by_repository() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO kino.project_touched
    SELECT concerned.project_id
    FROM (VALUES (CASE WHEN TG_OP <> 'INSERT' THEN OLD.project_id END),
        (CASE WHEN TG_OP <> 'DELETE' THEN NEW.project_id END)) AS concerned (project_id)
    WHERE concerned.project_id IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER touches AFTER INSERT OR DELETE OR UPDATE OF project_id ON kino.repository FOR EACH ROW
    EXECUTE FUNCTION kino.touch_by_repository();

CREATE FUNCTION kino.touch_by_identity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO kino.project_touched
    SELECT DISTINCT repository.project_id
    FROM kino."commit" JOIN kino.repository ON repository.id = "commit".repository_id
    WHERE "commit".author_key = CASE TG_OP WHEN 'DELETE' THEN OLD.key ELSE NEW.key END
      AND repository.project_id IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER touches AFTER INSERT OR DELETE OR UPDATE OF person_id, kind ON kino.identity FOR EACH ROW
    EXECUTE FUNCTION kino.touch_by_identity();

CREATE FUNCTION kino.touch_by_commits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO kino.project_touched
    SELECT DISTINCT repository.project_id FROM changed JOIN kino.repository ON repository.id = changed.repository_id
    WHERE repository.project_id IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER touches_new AFTER INSERT ON kino."commit" REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION kino.touch_by_commits();
CREATE TRIGGER touches_changed AFTER UPDATE ON kino."commit" REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION kino.touch_by_commits();
CREATE TRIGGER touches_gone AFTER DELETE ON kino."commit" REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION kino.touch_by_commits();

CREATE FUNCTION kino.touch_by_activity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO kino.project_touched SELECT DISTINCT changed.project_id FROM changed;
    IF TG_OP = 'DELETE' THEN
        DELETE FROM kino.reporting_agent AS reporting
        WHERE (reporting.project_id, reporting.agent_id) IN (SELECT changed.project_id, changed.agent_id FROM changed)
          AND NOT EXISTS (
            SELECT FROM kino.agent_activity AS kept
            WHERE kept.project_id = reporting.project_id AND kept.agent_id = reporting.agent_id);
    ELSE
        -- Sorted, so that two workers never wait for one another; and only what is new locks anything.
        INSERT INTO kino.reporting_agent
        SELECT DISTINCT changed.project_id, changed.agent_id FROM changed
        WHERE NOT EXISTS (
            SELECT FROM kino.reporting_agent AS known
            WHERE known.project_id = changed.project_id AND known.agent_id = changed.agent_id)
        ORDER BY 1, 2
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER touches_new AFTER INSERT ON kino.agent_activity REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION kino.touch_by_activity();
CREATE TRIGGER touches_changed AFTER UPDATE ON kino.agent_activity REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION kino.touch_by_activity();
CREATE TRIGGER touches_gone AFTER DELETE ON kino.agent_activity REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION kino.touch_by_activity();

CREATE FUNCTION kino.touch_by_resolution() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO kino.project_touched VALUES (NEW.project_id);
    RETURN NULL;
END $$;
CREATE TRIGGER touches AFTER INSERT ON kino.blocker_resolution FOR EACH ROW
    EXECUTE FUNCTION kino.touch_by_resolution();

INSERT INTO kino.project_summary (project_id) SELECT id FROM kino.project;
INSERT INTO kino.reporting_agent SELECT DISTINCT project_id, agent_id FROM kino.agent_activity;
SELECT kino.recount_projects(coalesce(array_agg(id), '{}')) FROM kino.project;

-- The newest value of the metrics that lists show, filter and sort by, copied from gold after the lake's commit.
-- `snapshot_id` and `as_of` are those of the snapshot that last changed the row.
CREATE TABLE kino.metric_value (
    metric text NOT NULL,
    scope_type text NOT NULL,
    scope_id text NOT NULL,
    period text NOT NULL,
    value double precision,
    n bigint NOT NULL,
    coverage double precision,
    lower double precision,
    upper double precision,
    as_of timestamptz NOT NULL,
    snapshot_id bigint NOT NULL,
    PRIMARY KEY (metric, scope_type, period, scope_id)
);

-- Which snapshot of the lake the table stands for. Only one row.
CREATE TABLE kino.metric_publication (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    period text NOT NULL,
    snapshot_id bigint NOT NULL,
    as_of timestamptz NOT NULL
);
