-- Pushes to branches that may become pull requests, with what their commits tell of authors and agents.
CREATE TABLE IF NOT EXISTS silver.branch_push (
    repository_id UUID, old_head VARCHAR, new_head VARCHAR, first_authored_at TIMESTAMPTZ, agent_id UUID,
    agent_type VARCHAR, event_source VARCHAR, event_id VARCHAR
);
-- Reviews of pull requests. `asked_at` is since when one that answers was waited for; `own` are authors' own remarks.
CREATE TABLE IF NOT EXISTS silver.review (
    repository_id UUID, number BIGINT, review_id VARCHAR, action VARCHAR, login VARCHAR, state VARCHAR,
    submitted_at TIMESTAMPTZ, own BOOLEAN, author_kind VARCHAR, person_id UUID, agent_id UUID, agent_type VARCHAR,
    asked_at TIMESTAMPTZ, answers BOOLEAN, event_source VARCHAR, event_id VARCHAR
);
-- Commits with the lines that they changed in each file, a number in place of its path (null where nobody told of
-- files), and how many of those lines are in files that were changed less than 21 days before.
CREATE TABLE IF NOT EXISTS silver.rework (
    repository_id UUID, sha VARCHAR, parent_count INTEGER, committed_at TIMESTAMPTZ,
    files STRUCT(file UBIGINT, lines BIGINT)[], lines BIGINT, lines_reworked BIGINT, author_kind VARCHAR,
    person_id UUID, agent_marked BOOLEAN, agent_id UUID, agent_type VARCHAR, event_source VARCHAR, event_id VARCHAR
);
