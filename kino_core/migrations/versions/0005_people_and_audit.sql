ALTER TABLE kino.project
    ADD COLUMN archived_at timestamptz,
    ADD COLUMN deleted_at timestamptz,
    ADD COLUMN created_by uuid;
-- The name of a deleted project is free again.
DROP INDEX kino.project_by_name;
CREATE UNIQUE INDEX project_by_name ON kino.project (lower(name)) WHERE deleted_at IS NULL;

ALTER TABLE kino.initiative
    ADD COLUMN description text NOT NULL DEFAULT '',
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN created_by uuid;

-- The person of the histories who signs in as this user, once somebody said so.
ALTER TABLE kino."user" ADD COLUMN person_id uuid REFERENCES kino.person;

CREATE TABLE kino.project_member (
    project_id uuid NOT NULL REFERENCES kino.project ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES kino."user" ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('PROJECT_LEADER', 'MEMBER')),
    joined_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project_id, user_id)
);
CREATE INDEX project_member_by_user ON kino.project_member (user_id);

-- The one rule of who sees which project: lists select from it, and access to a single object asks it.
-- A function of one statement is read as a subquery by the planner, so that every index of the table serves.
CREATE FUNCTION kino.visible_project(viewer uuid, sees_all boolean) RETURNS SETOF kino.project
LANGUAGE sql STABLE AS $$
    SELECT project.* FROM kino.project
    WHERE project.deleted_at IS NULL
      AND (sees_all OR EXISTS (
        SELECT FROM kino.project_member AS member WHERE member.project_id = project.id AND member.user_id = viewer))
$$;

-- {project: role} of somebody, as of now.
CREATE FUNCTION kino.memberships(member uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_object_agg(project_member.project_id, project_member.role), '{}')
    FROM kino.project_member JOIN kino.project ON project.id = project_member.project_id
    WHERE project_member.user_id = member AND project.deleted_at IS NULL
$$;

-- Who changed what, in the transaction of the change. `before` and `after` are whole rows without secrets; what is
-- personal stands only in the row that it describes, and here as '[personal]'.
CREATE TABLE kino.audit (
    id bigint GENERATED ALWAYS AS IDENTITY,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    actor_type text NOT NULL CHECK (actor_type IN ('user', 'agent', 'system', 'github')),
    actor_id uuid,
    action text NOT NULL,
    entity_type text NOT NULL,
    entity_id text,
    project_id uuid,
    before jsonb,
    after jsonb,
    details jsonb NOT NULL DEFAULT '{}',
    request_id text,
    PRIMARY KEY (id, occurred_at)
) PARTITION BY RANGE (occurred_at);
CREATE TABLE kino.audit_default PARTITION OF kino.audit DEFAULT;
CREATE INDEX audit_by_project ON kino.audit (project_id, id DESC);
CREATE INDEX audit_by_entity ON kino.audit (entity_type, entity_id, id DESC);
CREATE INDEX audit_by_actor ON kino.audit (actor_id, id DESC);
CREATE INDEX audit_by_xid ON kino.audit (xid);
SELECT kino.ensure_month_partitions('kino.audit', (now() AT TIME ZONE 'UTC')::date, 4);

CREATE FUNCTION kino.audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit is append-only';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON kino.audit
    FOR EACH ROW EXECUTE FUNCTION kino.audit_is_append_only();
CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON kino.audit
    FOR EACH STATEMENT EXECUTE FUNCTION kino.audit_is_append_only();

-- The actor is told once a transaction, in the setting kino.actor: {"type", "id", "request_id"}. Without it the system
-- itself acts.
CREATE FUNCTION kino.audit_write(
    action text, entity_type text, entity_id text, project_id uuid, before jsonb, after jsonb, details jsonb
) RETURNS void LANGUAGE sql AS $$
    INSERT INTO kino.audit (
        actor_type, actor_id, action, entity_type, entity_id, project_id, before, after, details, request_id)
    SELECT coalesce(actor ->> 'type', 'system'), (actor ->> 'id')::uuid, action, entity_type, entity_id, project_id,
        before, after, details, actor ->> 'request_id'
    FROM (SELECT nullif(current_setting('kino.actor', true), '')::jsonb AS actor) AS told
$$;

-- For a table: what the entity is called, the columns that name it, the column of its project ('' for none), the
-- columns that the audit does not keep (secrets, and what changes by itself), and those that are personal.
CREATE FUNCTION kino.audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    name_columns text[] := TG_ARGV[1]::text[];
    project_column text := TG_ARGV[2];
    left_out text[] := TG_ARGV[3]::text[];
    personal text[] := TG_ARGV[4]::text[];
    old_row jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) - left_out END;
    new_row jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) - left_out END;
    known jsonb := coalesce(new_row, old_row);
    changed jsonb;
    key text;
BEGIN
    IF old_row = new_row THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        SELECT jsonb_build_object('changed', coalesce(jsonb_agg(told.key ORDER BY told.key), '[]')) INTO changed
        FROM jsonb_each(new_row) AS told WHERE told.value IS DISTINCT FROM old_row -> told.key;
    END IF;
    FOREACH key IN ARRAY personal LOOP
        IF old_row -> key <> 'null' THEN
            old_row := jsonb_set(old_row, ARRAY[key], '"[personal]"');
        END IF;
        IF new_row -> key <> 'null' THEN
            new_row := jsonb_set(new_row, ARRAY[key], '"[personal]"');
        END IF;
    END LOOP;
    PERFORM kino.audit_write(
        CASE TG_OP
            WHEN 'INSERT' THEN 'CREATE'
            WHEN 'DELETE' THEN 'DELETE'
            ELSE CASE WHEN old_row ->> 'deleted_at' IS NULL AND new_row ->> 'deleted_at' IS NOT NULL
                THEN 'DELETE' ELSE 'UPDATE' END
        END,
        TG_ARGV[0],
        (SELECT string_agg(known ->> name_column, '/' ORDER BY place)
         FROM unnest(name_columns) WITH ORDINALITY AS named (name_column, place)),
        CASE WHEN project_column <> '' THEN (known ->> project_column)::uuid END,
        old_row, new_row, coalesce(changed, '{}'));
    RETURN NULL;
END $$;

CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON kino.initiative FOR EACH ROW
    EXECUTE FUNCTION kino.audit_change('initiative', '{id}', '', '{}', '{}');
CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON kino.project FOR EACH ROW
    EXECUTE FUNCTION kino.audit_change('project', '{id}', 'id', '{}', '{}');
CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON kino.project_member FOR EACH ROW
    EXECUTE FUNCTION kino.audit_change('project_member', '{project_id,user_id}', 'project_id', '{}', '{}');
-- A repository that nobody connected is only what the log tells; connecting it is what somebody does.
CREATE TRIGGER audited AFTER UPDATE OF project_id OR DELETE ON kino.repository FOR EACH ROW
    EXECUTE FUNCTION kino.audit_change('repository', '{id}', 'project_id', '{}', '{}');
CREATE TRIGGER audited_when_new AFTER INSERT ON kino.repository FOR EACH ROW WHEN (NEW.project_id IS NOT NULL)
    EXECUTE FUNCTION kino.audit_change('repository', '{id}', 'project_id', '{}', '{}');
CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON kino.token FOR EACH ROW
    EXECUTE FUNCTION kino.audit_change('token', '{id}', 'project_id', '{token_hash,last_used_at}', '{}');
CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON kino.webhook_secret FOR EACH ROW
    EXECUTE FUNCTION kino.audit_change('webhook_secret', '{id}', '', '{secret}', '{}');
CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON kino."user" FOR EACH ROW
    EXECUTE FUNCTION kino.audit_change('user', '{id}', '', '{password_hash}', '{email,name}');
