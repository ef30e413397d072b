-- seed.projects projects; everything else in proportion. Ids are small numbers, so that tests can name them.
CREATE FUNCTION pg_temp.projects() RETURNS integer LANGUAGE sql AS $$ SELECT current_setting('seed.projects')::integer $$;
CREATE FUNCTION pg_temp.id(number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
    $$ SELECT lpad(to_hex(number), 32, '0')::uuid $$;

INSERT INTO kino.initiative (id, name, created_at)
SELECT pg_temp.id(number), 'Initiative ' || lpad(number::text, 4, '0'), now()
FROM generate_series(1, greatest(1, pg_temp.projects() / 20)) AS number;

INSERT INTO kino.project (id, name, initiative_id, description, priority, status, created_at, updated_at, archived_at)
SELECT pg_temp.id(number), 'Project ' || lpad(number::text, 5, '0'),
    CASE WHEN number % 5 > 0 THEN pg_temp.id(1 + number % greatest(1, pg_temp.projects() / 20)) END,
    repeat('What it is for, and who waits for it. ', 5), (ARRAY['HIGH', 'MEDIUM', 'LOW'])[1 + number % 3],
    (ARRAY['ON_TRACK', 'AT_RISK', NULL, NULL, NULL, NULL])[1 + number % 6], now(), now(),
    CASE WHEN number % 50 = 0 THEN now() END
FROM generate_series(1, pg_temp.projects()) AS number;

INSERT INTO kino.project_summary (
    project_id, repositories, people, agents, commits, last_activity_at, agents_report, weeks, busiest_week,
    open_blockers, oldest_blocker_at)
SELECT pg_temp.id(number), 1, number % 4, number % 3, number % 1000,
    now() - make_interval(hours => (number % 400)::integer), true,
    (SELECT jsonb_object_agg((date_trunc('week', now()) - make_interval(weeks => week))::date, (number + week) % 30)
     FROM generate_series(0, 11) AS week),
    29, (number % 40 = 0)::integer, CASE WHEN number % 40 = 0 THEN now() - interval '30 hours' END
FROM generate_series(1, pg_temp.projects()) AS number;

INSERT INTO kino.metric_value (metric, scope_type, scope_id, period, value, n, as_of, snapshot_id)
SELECT 'commits', 'project', pg_temp.id(number)::text, to_char(now(), 'YYYY-MM'), number % 50, number % 50, now(), 1
FROM generate_series(1, pg_temp.projects()) AS number;

INSERT INTO kino."user" (id, email, name, password_hash)
SELECT pg_temp.id(number), 'somebody' || number || '@example.com', 'Somebody ' || number, ''
FROM generate_series(1, greatest(100, pg_temp.projects() / 5)) AS number;

INSERT INTO kino.project_member (project_id, user_id, role)
SELECT pg_temp.id(number), pg_temp.id(1 + (number * 7 + place) % greatest(100, pg_temp.projects() / 5)), 'MEMBER'
FROM generate_series(1, pg_temp.projects()) AS number, generate_series(1, 2) AS place;

INSERT INTO kino.milestone (id, project_id, name, due_date, created_at, updated_at)
SELECT pg_temp.id(number), pg_temp.id(number), 'Milestone ' || number, current_date + (number % 90)::integer, now(), now()
FROM generate_series(1, pg_temp.projects()) AS number;

INSERT INTO kino.dependency (id, project_id, depends_on_project_id, created_at)
SELECT pg_temp.id(number), pg_temp.id(number), pg_temp.id(1 + number % pg_temp.projects()), now()
FROM generate_series(3, pg_temp.projects(), 3) AS number;

INSERT INTO kino.repository (id, full_name, project_id, connected_at)
SELECT pg_temp.id(number), 'example/project-' || number, pg_temp.id(number), now()
FROM generate_series(1, pg_temp.projects()) AS number;

INSERT INTO kino.agent (id, name, agent_type, first_seen_at, last_seen_at, last_event_type)
SELECT pg_temp.id(number), 'agent-' || lpad(number::text, 5, '0'), 'CLAUDE', now(), now(), 'task_started'
FROM generate_series(1, greatest(100, pg_temp.projects() / 5)) AS number;

INSERT INTO kino.project_agent
SELECT pg_temp.id(number), pg_temp.id(1 + (number * 3 + place) % greatest(100, pg_temp.projects() / 5))
FROM generate_series(1, pg_temp.projects()) AS number, generate_series(1, 2) AS place;

INSERT INTO kino.agent_activity (
    occurred_at, source, event_id, event_row, project_id, agent_id, event_type, task_id, data)
SELECT now() - make_interval(mins => (number + place * 10)::integer), 'agent', number || '/' || place, number,
    pg_temp.id(number), pg_temp.id(1 + number % 100),
    (ARRAY['task_started', 'code_commit', 'test_execution', 'task_completed', 'blocker_identified'])[1 + place % 5],
    'KIN-' || place, '{}'
FROM generate_series(1, pg_temp.projects()) AS number, generate_series(1, 5) AS place;

INSERT INTO kino.report (id, kind, title, scope_type, scope_id, period, as_of, lake_snapshot_id, snapshot_sha256, snapshot, created_at)
SELECT pg_temp.id(number), 'qbr', 'Report ' || number, 'project', pg_temp.id(number), '2026-Q3', now(), 1, '', '{}',
    now() - make_interval(mins => number::integer)
FROM generate_series(1, greatest(100, pg_temp.projects() / 2)) AS number;

INSERT INTO landing.dead_letter (event_row, received_at, source, event_id, error, stack, attempts)
SELECT number, now() - make_interval(mins => number::integer), (ARRAY['agent', 'github'])[1 + number % 2], number::text,
    'ValueError: something is missing', '', 1
FROM generate_series(1, greatest(100, pg_temp.projects() / 5)) AS number;

INSERT INTO kino.audit (actor_type, action, entity_type, entity_id, project_id)
SELECT 'system', 'UPDATE', 'project', pg_temp.id(number)::text, pg_temp.id(number)
FROM generate_series(1, pg_temp.projects()) AS number, generate_series(1, 2) AS place;

INSERT INTO kino.scope_item (id, project_id, key, title, position, created_at, updated_at)
SELECT pg_temp.id(number * 10 + place), pg_temp.id(number), 'KIN-' || place, 'Item ' || place, place, now(), now()
FROM generate_series(1, pg_temp.projects()) AS number, generate_series(1, 3) AS place;

INSERT INTO kino.project_update (
    id, project_id, submitted_by, overall_status, period_start, period_end, submitted_at, updated_at)
SELECT pg_temp.id(number), pg_temp.id(number), pg_temp.id(1 + number % 100), 'ON_TRACK', current_date - 7, current_date,
    now(), now()
FROM generate_series(1, pg_temp.projects()) AS number;

INSERT INTO kino.annotation (id, project_id, day, text, created_at, updated_at)
SELECT pg_temp.id(number), pg_temp.id(number), current_date, 'Half of them were away', now(), now()
FROM generate_series(1, pg_temp.projects()) AS number;

INSERT INTO kino.agent_session (
    agent_id, project_id, session_id, first_seen_at, last_seen_at, tasks_started, commits, test_runs, tasks_completed,
    blockers)
SELECT pg_temp.id(1 + number % 100), pg_temp.id(number), 'session-' || number, now(),
    now() - make_interval(mins => number::integer), 1, 1, 1, 1, 0
FROM generate_series(1, pg_temp.projects()) AS number;

INSERT INTO kino.security_event (id, occurred_at, last_at, kind, severity, user_id, address, count)
SELECT pg_temp.id(number), now() - make_interval(mins => number::integer), now(),
    (ARRAY['sign_in_failed', 'refused', 'rate_limited', 'injection', 'cross_site'])[1 + number % 5], 'low',
    pg_temp.id(1 + number % 100), '192.0.2.' || number % 200, 1
FROM generate_series(1, greatest(500, pg_temp.projects() / 2)) AS number;

INSERT INTO kino.session (id, user_id, refresh_hash, expires_at)
SELECT pg_temp.id(number), pg_temp.id(number), number::text::bytea, now() + interval '1 day'
FROM generate_series(1, greatest(100, pg_temp.projects() / 5)) AS number;
