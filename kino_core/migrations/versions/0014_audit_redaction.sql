-- Entries of the audit that an erasure rewrote, each as often as one did; the newest counts. The entry's seal stays as
-- it is. `digest` is that of the entry as it was left, and signed together with the seal: nobody else can rewrite an
-- entry and say so. `fits` is whether the entry was unchanged until then: who tampered is not covered by an erasure.
CREATE TABLE kino.audit_redaction (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    audit_id bigint NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    erasure_id uuid NOT NULL,
    digest bytea NOT NULL,
    fits boolean NOT NULL,
    key_id text NOT NULL,
    signature bytea NOT NULL,
    redacted_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX audit_redaction_by_entry ON kino.audit_redaction (audit_id, id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON kino.audit_redaction
    FOR EACH ROW EXECUTE FUNCTION kino.audit_is_append_only();
CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON kino.audit_redaction
    FOR EACH STATEMENT EXECUTE FUNCTION kino.audit_is_append_only();

-- The hash over the hashes of an entry's columns, 32 zeros for one that is null: `digest` of kino_ingest/audit/chain.py.
CREATE FUNCTION kino.audit_digest(sealed_columns text[]) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(string_agg(
        coalesce(sha256(convert_to(value, 'UTF8')), decode(repeat('00', 32), 'hex')), '' ORDER BY place))
    FROM unnest(sealed_columns) WITH ORDINALITY AS given (value, place)
$$;

-- Lets an erasure rewrite what an entry says, and nothing else: it must have noted in the same transaction what comes out.
CREATE FUNCTION kino.audit_takes_redactions() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    words text[] := '{entity_id,before,after,details}';
BEGIN
    IF to_jsonb(OLD) - words = to_jsonb(NEW) - words AND EXISTS (
        SELECT FROM kino.audit_redaction AS noted
        WHERE noted.audit_id = NEW.id AND noted.xid = pg_current_xact_id() AND noted.digest = kino.audit_digest(ARRAY[
            NEW.id::text, to_char(NEW.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'),
            NEW.actor_type, NEW.actor_id::text, NEW.action, NEW.entity_type, NEW.entity_id, NEW.project_id::text,
            NEW.before::text, NEW.after::text, NEW.details::text, NEW.request_id])
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the audit is append-only';
END $$;
DROP TRIGGER append_only ON kino.audit;
CREATE TRIGGER append_only BEFORE DELETE ON kino.audit
    FOR EACH ROW EXECUTE FUNCTION kino.audit_is_append_only();
CREATE TRIGGER append_only_but_for_erasures BEFORE UPDATE ON kino.audit
    FOR EACH ROW EXECUTE FUNCTION kino.audit_takes_redactions();
