-- A token may end, and may have quotas of its own; null means the usual ones.
ALTER TABLE kino.token
    ADD COLUMN expires_at timestamptz,
    ADD COLUMN per_minute integer CHECK (per_minute > 0),
    ADD COLUMN per_hour integer CHECK (per_hour > 0);

-- What a sender signs with: a token's own secrets, or those of a repository's webhook. Several may be valid at once.
CREATE TABLE kino.webhook_secret (
    id uuid PRIMARY KEY,
    token_id uuid REFERENCES kino.token ON DELETE CASCADE,
    repository_id uuid REFERENCES kino.repository ON DELETE CASCADE,
    secret text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    CHECK (num_nonnulls(token_id, repository_id) = 1)
);
CREATE INDEX webhook_secret_by_token ON kino.webhook_secret (token_id) WHERE token_id IS NOT NULL;
CREATE INDEX webhook_secret_by_repository ON kino.webhook_secret (repository_id) WHERE repository_id IS NOT NULL;

-- An event that came under an id that another one has; what it contradicts is in landing.event under the same key.
CREATE TABLE landing.conflict (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at timestamptz NOT NULL DEFAULT now(),
    source text NOT NULL,
    event_id text NOT NULL,
    body_hash bytea NOT NULL,
    token_id uuid,
    request_id text NOT NULL,
    raw bytea NOT NULL
);
-- The same contradiction sent again adds nothing.
CREATE UNIQUE INDEX conflict_by_content ON landing.conflict (source, event_id, body_hash);
