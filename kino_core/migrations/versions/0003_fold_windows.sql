-- Cut from the log and not folded yet, by transaction ids: from `low` to below `high`.
CREATE TABLE landing.fold_window (low xid8 PRIMARY KEY, high xid8 NOT NULL);

-- Landed events that somebody wants folded once more.
CREATE TABLE landing.refold (event_row bigint, received_at timestamptz, PRIMARY KEY (event_row, received_at));

ALTER TABLE landing.dead_letter
    ADD COLUMN failed_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN discard_reason text;
-- When those that are here failed was not kept; taken for new failures, they would raise an alarm.
UPDATE landing.dead_letter SET failed_at = received_at;
CREATE INDEX dead_letter_due ON landing.dead_letter (next_try_at) WHERE discarded_at IS NULL;

-- Which senders' events failed again and again, and when that was last told.
CREATE TABLE landing.failing_source (
    name text PRIMARY KEY,
    failures integer NOT NULL,
    told_at timestamptz NOT NULL
);
