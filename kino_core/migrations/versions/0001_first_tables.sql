CREATE SCHEMA landing;
-- Dagster keeps its own tables here, and its own version of them.
CREATE SCHEMA IF NOT EXISTS dagster;

CREATE TABLE landing.claim (
    source text NOT NULL,
    event_id text NOT NULL,
    body_hash bytea NOT NULL,
    PRIMARY KEY (source, event_id)
) PARTITION BY HASH (source, event_id);
CREATE TABLE landing.claim_0 PARTITION OF landing.claim FOR VALUES WITH (MODULUS 8, REMAINDER 0);
CREATE TABLE landing.claim_1 PARTITION OF landing.claim FOR VALUES WITH (MODULUS 8, REMAINDER 1);
CREATE TABLE landing.claim_2 PARTITION OF landing.claim FOR VALUES WITH (MODULUS 8, REMAINDER 2);
CREATE TABLE landing.claim_3 PARTITION OF landing.claim FOR VALUES WITH (MODULUS 8, REMAINDER 3);
CREATE TABLE landing.claim_4 PARTITION OF landing.claim FOR VALUES WITH (MODULUS 8, REMAINDER 4);
CREATE TABLE landing.claim_5 PARTITION OF landing.claim FOR VALUES WITH (MODULUS 8, REMAINDER 5);
CREATE TABLE landing.claim_6 PARTITION OF landing.claim FOR VALUES WITH (MODULUS 8, REMAINDER 6);
CREATE TABLE landing.claim_7 PARTITION OF landing.claim FOR VALUES WITH (MODULUS 8, REMAINDER 7);

CREATE TABLE landing.event (
    id bigint GENERATED ALWAYS AS IDENTITY,
    received_at timestamptz NOT NULL DEFAULT now(),
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    source text NOT NULL,
    event_id text NOT NULL,
    type text NOT NULL,
    occurred_at timestamptz NOT NULL,
    project_id uuid,
    repository text,
    token_id uuid,
    body jsonb NOT NULL,
    raw bytea NOT NULL,
    PRIMARY KEY (id, received_at)
) PARTITION BY RANGE (received_at);
CREATE TABLE landing.event_default PARTITION OF landing.event DEFAULT;
-- Readers take windows of transaction ids: an id or a timestamp would skip rows that commit late.
CREATE INDEX event_by_xid ON landing.event (xid);
CREATE INDEX event_by_key ON landing.event (source, event_id);
CREATE INDEX event_unassigned ON landing.event (repository) WHERE project_id IS NULL AND repository IS NOT NULL;

CREATE TABLE landing.fold_cursor (name text PRIMARY KEY, low xid8 NOT NULL);
INSERT INTO landing.fold_cursor VALUES ('fold', '0');

CREATE TABLE landing.dead_letter (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_row bigint NOT NULL,
    received_at timestamptz NOT NULL,
    source text NOT NULL,
    event_id text NOT NULL,
    error text NOT NULL,
    stack text NOT NULL,
    attempts integer NOT NULL,
    next_try_at timestamptz,
    discarded_at timestamptz,
    UNIQUE (source, event_id)
);

CREATE TABLE kino.initiative (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX initiative_by_name ON kino.initiative (lower(name));

CREATE TABLE kino.project (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    initiative_id uuid REFERENCES kino.initiative,
    description text NOT NULL DEFAULT '',
    priority text NOT NULL DEFAULT 'MEDIUM' CHECK (priority IN ('HIGH', 'MEDIUM', 'LOW')),
    status text CHECK (status IN ('ON_TRACK', 'AT_RISK', 'BLOCKED', 'COMPLETED')),
    status_reason text,
    start_date date,
    end_date date CHECK (end_date >= start_date),
    time_zone text NOT NULL DEFAULT 'UTC',
    sample boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX project_by_name ON kino.project (lower(name));
CREATE INDEX project_by_initiative ON kino.project (initiative_id);

CREATE TABLE kino.repository (
    id uuid PRIMARY KEY,
    full_name text NOT NULL,
    project_id uuid REFERENCES kino.project,
    connected_at timestamptz
);
CREATE INDEX repository_by_project ON kino.repository (project_id);

CREATE TABLE kino.person (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('human', 'automation')),
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL
);

CREATE TABLE kino.agent (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    agent_type text NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    last_event_type text NOT NULL
);
CREATE INDEX agent_by_last_seen ON kino.agent (last_seen_at);

CREATE TABLE kino.identity (
    key text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('human', 'agent', 'automation')),
    name text NOT NULL,
    email text,
    person_id uuid REFERENCES kino.person,
    agent_id uuid REFERENCES kino.agent
);
CREATE INDEX identity_by_person ON kino.identity (person_id);

CREATE TABLE kino.agent_activity (
    occurred_at timestamptz NOT NULL,
    source text NOT NULL,
    event_id text NOT NULL,
    event_row bigint NOT NULL,
    project_id uuid NOT NULL,
    agent_id uuid NOT NULL,
    event_type text NOT NULL,
    task_id text NOT NULL,
    session_id text,
    model text,
    data jsonb NOT NULL,
    PRIMARY KEY (occurred_at, source, event_id)
) PARTITION BY RANGE (occurred_at);
CREATE TABLE kino.agent_activity_default PARTITION OF kino.agent_activity DEFAULT;
CREATE INDEX agent_activity_by_project ON kino.agent_activity (project_id, occurred_at DESC);
CREATE INDEX agent_activity_by_agent ON kino.agent_activity (agent_id, occurred_at DESC);
CREATE INDEX agent_activity_blockers ON kino.agent_activity (project_id, occurred_at)
    WHERE event_type = 'blocker_identified';

CREATE TABLE kino."commit" (
    repository_id uuid NOT NULL,
    sha text NOT NULL,
    author_key text NOT NULL,
    authored_at timestamptz NOT NULL,
    committed_at timestamptz NOT NULL,
    subject text NOT NULL,
    parents integer NOT NULL,
    lines_added bigint,
    lines_deleted bigint,
    agent_id uuid,
    PRIMARY KEY (repository_id, sha)
);
CREATE INDEX commit_by_time ON kino."commit" (repository_id, committed_at DESC);

CREATE TABLE kino.pull_request (
    repository_id uuid NOT NULL,
    number integer NOT NULL,
    title text NOT NULL,
    author_key text,
    state text NOT NULL CHECK (state IN ('open', 'merged', 'closed')),
    branch text,
    opened_at timestamptz,
    ready_at timestamptz,
    merged_at timestamptz,
    closed_at timestamptz,
    merge_sha text,
    lines_added bigint,
    lines_deleted bigint,
    told_by text NOT NULL,
    told_at timestamptz NOT NULL,
    told_id text NOT NULL,
    PRIMARY KEY (repository_id, number)
);
CREATE INDEX pull_request_by_merge ON kino.pull_request (repository_id, merged_at DESC);

CREATE TABLE kino.token (
    id uuid PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES kino.project,
    token_hash bytea NOT NULL UNIQUE,
    last4 text NOT NULL,
    agent_type text,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX token_by_project ON kino.token (project_id);

CREATE TABLE kino."user" (
    id uuid PRIMARY KEY,
    email text NOT NULL,
    name text NOT NULL,
    role text CHECK (role IN ('ADMIN', 'MANAGER')),
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz
);
CREATE UNIQUE INDEX user_by_email ON kino."user" (lower(email));

CREATE TABLE kino.session (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES kino."user",
    refresh_hash bytea NOT NULL UNIQUE,
    previous_hash bytea,
    rotated_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX session_by_user ON kino.session (user_id);
CREATE INDEX session_by_previous ON kino.session (previous_hash);

CREATE TABLE kino.setup_link (
    token_hash bytea PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);

CREATE TABLE kino.report (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    title text NOT NULL,
    scope_type text NOT NULL,
    scope_id uuid,
    period text NOT NULL,
    as_of timestamptz NOT NULL,
    lake_snapshot_id bigint NOT NULL,
    snapshot_sha256 text NOT NULL,
    snapshot jsonb NOT NULL,
    files jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by uuid
);
CREATE INDEX report_by_time ON kino.report (created_at DESC);

-- Makes the monthly partitions of a table from this month to `ahead` months later; safe to repeat.
CREATE FUNCTION kino.ensure_month_partitions(parent regclass, first_month date, months integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    month date;
    made integer := 0;
    partition_name text;
    parent_schema text;
    parent_name text;
BEGIN
    SELECT n.nspname, c.relname INTO parent_schema, parent_name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = parent;
    FOR step IN 0 .. months - 1 LOOP
        month := (date_trunc('month', first_month) + make_interval(months => step))::date;
        partition_name := format('%s_%s', parent_name, to_char(month, 'YYYY_MM'));
        IF to_regclass(format('%I.%I', parent_schema, partition_name)) IS NULL THEN
            EXECUTE format('CREATE TABLE %I.%I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)',
                parent_schema, partition_name, parent,
                month::timestamp AT TIME ZONE 'UTC', (month + interval '1 month')::timestamp AT TIME ZONE 'UTC');
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END $$;
SELECT kino.ensure_month_partitions('landing.event', (now() AT TIME ZONE 'UTC')::date, 4);
SELECT kino.ensure_month_partitions('kino.agent_activity', (now() AT TIME ZONE 'UTC')::date, 4);
