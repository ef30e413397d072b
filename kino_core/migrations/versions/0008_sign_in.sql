-- Who was invited has no password yet. `session_version` stands in every access token: raising it makes all of a
-- user's tokens worthless at once.
ALTER TABLE kino."user"
    ALTER COLUMN password_hash DROP NOT NULL,
    ADD COLUMN session_version integer NOT NULL DEFAULT 1,
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX user_by_name ON kino."user" (lower(name), id);

-- `authenticated_at` is when the password was last shown in this session.
ALTER TABLE kino.session
    ADD COLUMN user_agent text NOT NULL DEFAULT '',
    ADD COLUMN authenticated_at timestamptz NOT NULL DEFAULT now();
UPDATE kino.session SET authenticated_at = created_at;

-- The one rule of who sees which user: everybody themselves, leaders their team, some all.
CREATE FUNCTION kino.visible_user(viewer uuid, sees_all boolean) RETURNS SETOF kino."user"
LANGUAGE sql STABLE AS $$
    SELECT account.* FROM kino."user" AS account
    WHERE sees_all OR account.id = viewer OR EXISTS (
        SELECT FROM kino.project_member AS led
        JOIN kino.project ON project.id = led.project_id AND project.deleted_at IS NULL
        JOIN kino.project_member AS member ON member.project_id = led.project_id
        WHERE led.user_id = viewer AND led.role = 'PROJECT_LEADER' AND member.user_id = account.id)
$$;

-- Links that let their holder do one thing to one account, once. `email` is the address that a 'verify' link proves.
CREATE TABLE kino.account_link (
    id uuid PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE,
    purpose text NOT NULL CHECK (purpose IN ('invite', 'reset', 'verify')),
    user_id uuid NOT NULL REFERENCES kino."user" ON DELETE CASCADE,
    email text,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CHECK ((purpose = 'verify') = (email IS NOT NULL))
);
CREATE INDEX account_link_by_user ON kino.account_link (user_id, purpose, created_at);

-- Failed sign-ins and requests for reset links, kept for a day: who tries too often waits. `account` is a hash of the
-- address that was typed, which may be nobody's, or a password typed into the wrong field.
CREATE TABLE kino.attempt (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('sign-in', 'forgot')),
    account bytea NOT NULL,
    network text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX attempt_by_account ON kino.attempt (account, network, made_at DESC);
CREATE INDEX attempt_by_network ON kino.attempt (network, made_at DESC);
CREATE INDEX attempt_by_time ON kino.attempt (made_at DESC);

-- Mail to be sent, written in the transaction that wants it. The Message-ID is made of the id, so that a mail sent twice
-- is one. The place of a link is marked in the bodies; the link itself is worked out when the mail is sent, and once
-- that is over the bodies are emptied.
CREATE TABLE kino.outbox (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    user_id uuid REFERENCES kino."user" ON DELETE SET NULL,
    recipient text NOT NULL,
    subject text NOT NULL,
    text text NOT NULL,
    html text NOT NULL,
    link_id uuid REFERENCES kino.account_link ON DELETE SET NULL,
    link_path text,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'failed', 'expired')),
    attempts integer NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL DEFAULT now(),
    last_error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    sent_at timestamptz
);
CREATE INDEX outbox_due ON kino.outbox (next_try_at) WHERE state = 'waiting';
CREATE INDEX outbox_by_user ON kino.outbox (user_id, kind, created_at);
