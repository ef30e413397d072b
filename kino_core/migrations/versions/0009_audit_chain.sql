-- The audit's entries in the order in which they were sealed: each hash is over the one before and its entry, so that
-- none can be changed, taken out or put in unseen. `occurred_at` is the entry's.
CREATE TABLE kino.audit_seal (
    position bigint PRIMARY KEY,
    audit_id bigint NOT NULL UNIQUE,
    occurred_at timestamptz NOT NULL,
    hash bytea NOT NULL
);

-- Entries that wait for their seal. Written with the entry itself, so that one whose transaction ends late is not
-- passed over, and one that is taken out before it was sealed is missed.
CREATE TABLE kino.audit_unsealed (
    audit_id bigint PRIMARY KEY,
    occurred_at timestamptz NOT NULL
);
INSERT INTO kino.audit_unsealed SELECT id, occurred_at FROM kino.audit;

-- Hashes that were also told to the landing log, signed.
CREATE TABLE kino.audit_anchor (
    position bigint PRIMARY KEY,
    anchored_at timestamptz NOT NULL DEFAULT now()
);

-- Months whose entries were old enough to go: their seals stay, and `digest` over (position, hash) of each is signed.
CREATE TABLE kino.audit_cut (
    starts timestamptz PRIMARY KEY,
    ends timestamptz NOT NULL,
    entries bigint NOT NULL,
    digest bytea NOT NULL,
    key_id text NOT NULL,
    signature bytea NOT NULL,
    cut_at timestamptz NOT NULL DEFAULT now()
);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON kino.audit_seal
    FOR EACH ROW EXECUTE FUNCTION kino.audit_is_append_only();
CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON kino.audit_seal
    FOR EACH STATEMENT EXECUTE FUNCTION kino.audit_is_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON kino.audit_anchor
    FOR EACH ROW EXECUTE FUNCTION kino.audit_is_append_only();
CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON kino.audit_anchor
    FOR EACH STATEMENT EXECUTE FUNCTION kino.audit_is_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON kino.audit_cut
    FOR EACH ROW EXECUTE FUNCTION kino.audit_is_append_only();
CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON kino.audit_cut
    FOR EACH STATEMENT EXECUTE FUNCTION kino.audit_is_append_only();

-- What somebody pasted into the wrong field must not stay in the audit for a year. The shapes are those of
-- kino_core/logs.py.
CREATE FUNCTION kino.without_secrets(state jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT regexp_replace(state::text,
        'kino_(dev|stg|prod)_[0-9A-Za-z]+|gh[pousr]_[0-9A-Za-z]+|github_pat_[0-9A-Za-z_]+'
        '|eyJ[0-9A-Za-z_-]+\.[0-9A-Za-z_-]+(\.[0-9A-Za-z_-]+)?|whsec_[0-9A-Za-z_+/=-]+'
        '|(?<=://)[^[:space:]/@"\\]*:[^[:space:]@"\\]+(?=@)'
        '|(?<![0-9A-Za-z_-])(?=[0-9A-Za-z_-]*[a-z])(?=[0-9A-Za-z_-]*[A-Z])(?=[0-9A-Za-z_-]*[0-9])'
        '[0-9A-Za-z_-]{40,}={0,2}',
        '[hidden]', 'g')::jsonb
$$;

-- As kino.audit_write, for an actor who is not the transaction's.
CREATE FUNCTION kino.audit_write_as(
    actor jsonb, action text, entity_type text, entity_id text, project_id uuid, before jsonb, after jsonb, details jsonb
) RETURNS void LANGUAGE sql AS $$
    WITH written AS (
        INSERT INTO kino.audit (
            actor_type, actor_id, action, entity_type, entity_id, project_id, before, after, details, request_id)
        VALUES (coalesce(actor ->> 'type', 'system'), (actor ->> 'id')::uuid, action, entity_type, entity_id,
            project_id, kino.without_secrets(before), kino.without_secrets(after), kino.without_secrets(details),
            actor ->> 'request_id')
        RETURNING id, occurred_at
    )
    INSERT INTO kino.audit_unsealed (audit_id, occurred_at) SELECT id, occurred_at FROM written
$$;
CREATE OR REPLACE FUNCTION kino.audit_write(
    action text, entity_type text, entity_id text, project_id uuid, before jsonb, after jsonb, details jsonb
) RETURNS void LANGUAGE sql AS $$
    SELECT kino.audit_write_as(nullif(current_setting('kino.actor', true), '')::jsonb,
        action, entity_type, entity_id, project_id, before, after, details)
$$;

-- Makes the audit's monthly partitions from `first_month` on, and returns how many months had to be rescued from the
-- default partition. Nobody may delete from the audit, this function included: where a month was missing, the default
-- partition as a whole becomes the partition of the months it holds, and a new empty one takes its place.
CREATE FUNCTION kino.keep_audit_partitions(first_month date, months integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    first_stray date;
    last_stray date;
    partition_name text;
    partition regclass;
    rescued integer := 0;
BEGIN
    IF EXISTS (SELECT FROM kino.audit_default) THEN
        LOCK TABLE kino.audit IN ACCESS EXCLUSIVE MODE;
        SELECT date_trunc('month', min(occurred_at) AT TIME ZONE 'UTC'),
            date_trunc('month', max(occurred_at) AT TIME ZONE 'UTC')
        INTO first_stray, last_stray FROM kino.audit_default;
        partition_name := 'audit_' || to_char(first_stray, 'YYYY_MM');
        IF last_stray > first_stray THEN
            partition_name := partition_name || '_to_' || to_char(last_stray, 'YYYY_MM');
        END IF;
        BEGIN
            ALTER TABLE kino.audit DETACH PARTITION kino.audit_default;
            EXECUTE format('ALTER TABLE kino.audit_default RENAME TO %I', partition_name);
            EXECUTE format('ALTER TABLE kino.audit ATTACH PARTITION kino.%I FOR VALUES FROM (%L) TO (%L)',
                partition_name, first_stray::timestamp AT TIME ZONE 'UTC',
                (last_stray + interval '1 month') AT TIME ZONE 'UTC');
            CREATE TABLE kino.audit_default PARTITION OF kino.audit DEFAULT;
            rescued := 1;
        EXCEPTION WHEN invalid_object_definition OR duplicate_table THEN
            -- A month between them has its partition: the strays stay, and are read all the same.
            RAISE WARNING 'the audit''s default partition holds entries that fit in no partition of their own';
        END;
    END IF;
    FOR step IN 0 .. months - 1 LOOP
        BEGIN
            PERFORM kino.ensure_month_partitions(
                'kino.audit', (first_month + make_interval(months => step))::date, 1);
        EXCEPTION WHEN invalid_object_definition OR check_violation THEN
            -- A partition of several months has this one too, or a stray that fits nowhere is in its place.
            NULL;
        END;
    END LOOP;
    FOR partition IN
        SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'kino.audit'::regclass AND NOT EXISTS (
            SELECT FROM pg_trigger WHERE tgrelid = inhrelid AND tgname = 'append_only_whole')
    LOOP
        -- The parent's own trigger does not see a TRUNCATE of a partition.
        EXECUTE format('CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON %s FOR EACH STATEMENT'
            ' EXECUTE FUNCTION kino.audit_is_append_only()', partition);
    END LOOP;
    RETURN rescued;
END $$;
SELECT kino.keep_audit_partitions((now() AT TIME ZONE 'UTC')::date, 4);

CREATE INDEX audit_by_action ON kino.audit (action, id DESC);
CREATE INDEX audit_by_actor_type ON kino.audit (actor_type, id DESC);
CREATE INDEX audit_by_request ON kino.audit (request_id, id DESC) WHERE request_id IS NOT NULL;

-- A report's frozen data is in the row itself, and too large for the audit.
CREATE TRIGGER audited AFTER INSERT ON kino.report FOR EACH ROW WHEN (NEW.scope_type <> 'project')
    EXECUTE FUNCTION kino.audit_change('report', '{id}', '', '{snapshot}', '{}');
CREATE TRIGGER audited_of_project AFTER INSERT ON kino.report FOR EACH ROW WHEN (NEW.scope_type = 'project')
    EXECUTE FUNCTION kino.audit_change('report', '{id}', 'scope_id', '{snapshot}', '{}');
CREATE TRIGGER audited_change AFTER UPDATE OR DELETE ON kino.report FOR EACH ROW
    WHEN (OLD.scope_type <> 'project')
    EXECUTE FUNCTION kino.audit_change('report', '{id}', '', '{snapshot}', '{}');
CREATE TRIGGER audited_change_of_project AFTER UPDATE OR DELETE ON kino.report FOR EACH ROW
    WHEN (OLD.scope_type = 'project')
    EXECUTE FUNCTION kino.audit_change('report', '{id}', 'scope_id', '{snapshot}', '{}');

-- What looks like an attack or a mistake, counted by the minute and by who did it. `address` is personal.
CREATE TABLE kino.security_event (
    id uuid PRIMARY KEY,
    occurred_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    kind text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('info', 'low', 'medium', 'high')),
    user_id uuid,
    address text,
    token_id uuid,
    route text,
    count bigint NOT NULL,
    details jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX security_event_by_time ON kino.security_event (occurred_at DESC, id DESC);
CREATE INDEX security_event_by_kind ON kino.security_event (kind, occurred_at DESC, id DESC);
CREATE INDEX security_event_by_last ON kino.security_event (last_at);
CREATE INDEX security_event_by_user ON kino.security_event (user_id, occurred_at DESC) WHERE user_id IS NOT NULL;
CREATE INDEX security_event_by_token ON kino.security_event (token_id, occurred_at DESC) WHERE token_id IS NOT NULL;
