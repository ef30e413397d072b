-- How much of what commits change was written only lately, by files: a file's lines count as written lately where any
-- commit changed the file less than 21 days before. A commit that comes in late can change those of the 21 days after.
CREATE OR REPLACE TEMP TABLE told AS
SELECT c.repository_id, c.sha, c.parent_count, c.committed_at, w.files, NULL::BIGINT AS lines, NULL::BIGINT AS lines_reworked,
       c.author_kind, c.person_id, c.agent_marked, c.agent_id, c.agent_type, c.event_source, c.event_id
FROM silver.commit c
JOIN (SELECT DISTINCT repository_id, sha, files, event_source, event_id FROM window_commit) w
    ON w.repository_id = c.repository_id AND w.sha = c.sha AND w.event_source = c.event_source
   AND w.event_id = c.event_id;

CREATE OR REPLACE TEMP TABLE span AS
SELECT repository_id, min(committed_at) AS first_at, max(committed_at) + INTERVAL 504 HOUR AS last_at
FROM told GROUP BY repository_id;
-- Of a constant the lake knows which of its files it need not open.
SET VARIABLE rework_since = (SELECT min(first_at) - INTERVAL 504 HOUR FROM span);
SET VARIABLE rework_until = (SELECT max(last_at) FROM span);

CREATE OR REPLACE TEMP TABLE around AS
FROM told
UNION ALL BY NAME
SELECT r.*
FROM silver.rework r
JOIN span s ON s.repository_id = r.repository_id AND r.committed_at BETWEEN s.first_at - INTERVAL 504 HOUR AND s.last_at
ANTI JOIN told t ON t.repository_id = r.repository_id AND t.sha = r.sha
WHERE r.committed_at BETWEEN getvariable('rework_since') AND getvariable('rework_until');

CREATE OR REPLACE TEMP TABLE affected AS
SELECT repository_id, sha FROM around JOIN span USING (repository_id) WHERE committed_at BETWEEN first_at AND last_at;
CREATE OR REPLACE TEMP TABLE fresh AS
WITH change AS (
    SELECT repository_id, sha, committed_at, change.file, sum(change.lines) AS lines
    FROM (SELECT repository_id, sha, committed_at, unnest(files) AS change FROM around)
    GROUP BY ALL
),
aged AS (
    SELECT repository_id, sha, lines,
           committed_at < lag(committed_at) OVER (PARTITION BY repository_id, file ORDER BY committed_at, sha)
               + INTERVAL 504 HOUR AS lately
    FROM change
),
summed AS (
    SELECT repository_id, sha, sum(lines)::BIGINT AS lines, coalesce(sum(lines) FILTER (lately), 0)::BIGINT AS reworked
    FROM aged GROUP BY repository_id, sha
)
SELECT a.* REPLACE (
    CASE WHEN a.files IS NOT NULL THEN coalesce(s.lines, 0) END AS lines,
    CASE WHEN a.files IS NOT NULL THEN coalesce(s.reworked, 0) END AS lines_reworked)
FROM around a
SEMI JOIN affected f ON f.repository_id = a.repository_id AND f.sha = a.sha
LEFT JOIN summed s ON s.repository_id = a.repository_id AND s.sha = a.sha;
