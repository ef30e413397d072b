-- Who was asked for a review of a pull request, and when that ended: by their review, or because it was taken back.
CREATE TABLE IF NOT EXISTS silver.review_request (
    repository_id UUID, number BIGINT, login VARCHAR, requested BOOLEAN, occurred_at TIMESTAMPTZ,
    event_source VARCHAR, event_id VARCHAR
);
