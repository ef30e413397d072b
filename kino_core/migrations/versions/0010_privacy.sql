-- A person who is being erased or was. `traces` says by what they are found, and goes with the last step.
CREATE TABLE kino.erasure (
    id uuid PRIMARY KEY,
    user_id uuid REFERENCES kino."user",
    pseudonym text NOT NULL,
    step text NOT NULL CHECK (step IN ('log', 'lake', 'done')),
    traces jsonb,
    rows_changed bigint NOT NULL DEFAULT 0,
    requested_at timestamptz NOT NULL DEFAULT now(),
    requested_by uuid,
    finished_at timestamptz,
    CHECK ((step = 'done') = (finished_at IS NOT NULL)),
    CHECK (step <> 'done' OR traces IS NULL)
);
CREATE INDEX erasure_under_way ON kino.erasure (requested_at) WHERE finished_at IS NULL;
