-- The orders in which projects are listed, each with the id, so that a page goes on exactly where the last one ended.
-- The expressions are those of SORTS in kino_api/project_list.py. What has no value comes last either way.
DROP INDEX kino.project_by_initiative;
CREATE INDEX project_by_initiative ON kino.project (initiative_id, lower(name), id);
CREATE INDEX project_in_order_of_name ON kino.project (lower(name), id) WHERE deleted_at IS NULL;
CREATE INDEX project_in_order_of_priority ON kino.project
    (array_position(ARRAY['HIGH', 'MEDIUM', 'LOW'], priority), id) WHERE deleted_at IS NULL;
CREATE INDEX project_in_order_of_update ON kino.project (updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX project_in_order_of_end ON kino.project (coalesce(end_date, 'infinity'), id) WHERE deleted_at IS NULL;
CREATE INDEX project_in_reverse_order_of_end ON kino.project (coalesce(end_date, '-infinity'), id)
    WHERE deleted_at IS NULL;
CREATE INDEX project_in_order_of_status ON kino.project
    (coalesce(array_position(ARRAY['ON_TRACK', 'AT_RISK', 'BLOCKED', 'COMPLETED'], status), 9), id)
    WHERE deleted_at IS NULL;
CREATE INDEX project_in_reverse_order_of_status ON kino.project
    (coalesce(array_position(ARRAY['ON_TRACK', 'AT_RISK', 'BLOCKED', 'COMPLETED'], status), 0), id)
    WHERE deleted_at IS NULL;

CREATE TABLE kino.milestone (
    id uuid PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES kino.project ON DELETE CASCADE,
    name text NOT NULL,
    description text NOT NULL DEFAULT '',
    due_date date,
    reached_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    created_by uuid
);
CREATE INDEX milestone_by_due_date ON kino.milestone (project_id, coalesce(due_date, 'infinity'), id);
CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON kino.milestone FOR EACH ROW
    EXECUTE FUNCTION kino.audit_change('milestone', '{id}', 'project_id', '{}', '{}');

-- What must be finished before something else can be: a whole project where the item is null.
CREATE TABLE kino.dependency (
    id uuid PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES kino.project ON DELETE CASCADE,
    item_id uuid,
    depends_on_project_id uuid NOT NULL REFERENCES kino.project ON DELETE CASCADE,
    depends_on_item_id uuid,
    note text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    created_by uuid,
    UNIQUE NULLS NOT DISTINCT (project_id, item_id, depends_on_project_id, depends_on_item_id)
);
CREATE INDEX dependency_by_time ON kino.dependency (project_id, created_at, id);
CREATE INDEX dependency_by_target ON kino.dependency (depends_on_project_id);
CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON kino.dependency FOR EACH ROW
    EXECUTE FUNCTION kino.audit_change('dependency', '{id}', 'project_id', '{}', '{}');

-- The scope items that dependencies may name: the migration that makes them replaces this view.
CREATE VIEW kino.dependable_item AS
    SELECT NULL::uuid AS id, NULL::uuid AS project_id, NULL::date AS end_date, NULL::boolean AS finished WHERE false;

-- What is known of a project's work: null while there is nothing to tell. The migration that makes scope items and
-- updates replaces this function.
CREATE FUNCTION kino.project_metadata(project_id uuid)
RETURNS TABLE (progress_percentage double precision, last_update_at timestamptz) LANGUAGE sql STABLE AS $$
    SELECT NULL::double precision, NULL::timestamptz
$$;

-- Whether a date has passed where the project is.
CREATE FUNCTION kino.is_past(day date, time_zone text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(day < (now() AT TIME ZONE time_zone)::date, false)
$$;

-- Dependencies on what is late: past its end date and not finished. What is archived is not waited for any more.
CREATE VIEW kino.slipping_dependency AS
    SELECT dependency.id, dependency.project_id
    FROM kino.dependency
    JOIN kino.project AS target ON target.id = dependency.depends_on_project_id
    LEFT JOIN kino.dependable_item AS item ON item.id = dependency.depends_on_item_id
    WHERE target.deleted_at IS NULL AND target.archived_at IS NULL AND target.status IS DISTINCT FROM 'COMPLETED'
      AND CASE WHEN dependency.depends_on_item_id IS NULL THEN kino.is_past(target.end_date, target.time_zone)
          ELSE item.finished IS FALSE AND kino.is_past(item.end_date, target.time_zone) END;

-- Requests that came with an Idempotency-Key, and what was answered; `answer` is null where it held a secret.
CREATE TABLE kino.idempotency_key (
    user_id uuid NOT NULL REFERENCES kino."user" ON DELETE CASCADE,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status integer,
    headers jsonb,
    answer bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotency_key_by_time ON kino.idempotency_key (created_at);
