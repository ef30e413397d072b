CREATE TABLE IF NOT EXISTS silver.commit (
    repository_id UUID, sha VARCHAR, parents VARCHAR[], parent_count INTEGER, subject VARCHAR,
    authored_at TIMESTAMPTZ, committed_at TIMESTAMPTZ, author_kind VARCHAR, person_id UUID,
    lines_added BIGINT, lines_deleted BIGINT, size_lines BIGINT,
    agent_marked BOOLEAN, agent_id UUID, agent_type VARCHAR, author_recently_with_agent BOOLEAN,
    event_source VARCHAR, event_id VARCHAR
);
-- What GitHub last said of a pull request.
CREATE TABLE IF NOT EXISTS silver.github_pull_request (
    repository_id UUID, number BIGINT, title VARCHAR, login VARCHAR, branch VARCHAR, labels VARCHAR[],
    opened_at TIMESTAMPTZ, ready_at TIMESTAMPTZ, merged_at TIMESTAMPTZ, closed_at TIMESTAMPTZ, merge_sha VARCHAR,
    lines BIGINT, told_at TIMESTAMPTZ, event_id VARCHAR
);
-- The commits that were a pull request's newest, each since when.
CREATE TABLE IF NOT EXISTS silver.pull_request_head (
    repository_id UUID, number BIGINT, sha VARCHAR, since TIMESTAMPTZ
);
-- The commits that came in with a merged pull request.
CREATE TABLE IF NOT EXISTS silver.pull_request_commit (repository_id UUID, number BIGINT, sha VARCHAR);
-- Reviews and rounds are counted by people other than the author, and null where it is not known whether there are any.
CREATE TABLE IF NOT EXISTS silver.pull_request (
    repository_id UUID, number BIGINT, title VARCHAR, first_authored_at TIMESTAMPTZ, opened_at TIMESTAMPTZ,
    ready_at TIMESTAMPTZ, first_review_at TIMESTAMPTZ, merged_at TIMESTAMPTZ, closed_at TIMESTAMPTZ, merge_sha VARCHAR,
    reviews BIGINT, changes_requested BIGINT, rounds BIGINT, author_kind VARCHAR, person_id UUID, size_lines BIGINT,
    agent_marked BOOLEAN, agent_id UUID, agent_type VARCHAR, author_recently_with_agent BOOLEAN,
    event_source VARCHAR, event_id VARCHAR
);
