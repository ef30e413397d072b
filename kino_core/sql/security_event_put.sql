-- A minute's count grows until the minute is over. The first address that a token is used from is only remembered;
-- from the second on somebody should know.
INSERT INTO kino.security_event (
    id, occurred_at, last_at, kind, severity, user_id, address, token_id, route, count, details)
SELECT id, occurred_at, last_at, kind,
    CASE WHEN kind = 'new_token_address' AND NOT EXISTS (
        SELECT FROM kino.security_event AS known WHERE known.kind = told.kind AND known.token_id = told.token_id)
    THEN 'info' ELSE severity END,
    user_id, address, token_id, route, count, details
FROM jsonb_to_recordset(%(events)s::text::jsonb) AS told (
    id uuid, occurred_at timestamptz, last_at timestamptz, kind text, severity text, user_id uuid, address text,
    token_id uuid, route text, count bigint, details jsonb)
ORDER BY id
ON CONFLICT (id) DO UPDATE SET count = excluded.count, last_at = excluded.last_at
-- Only a row that was updated names the transaction that locked it.
RETURNING id, severity, xmax::text = '0' AS fresh
