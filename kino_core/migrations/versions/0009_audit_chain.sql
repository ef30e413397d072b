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
