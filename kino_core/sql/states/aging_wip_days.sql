-- Items in progress, and for comparison how long those took that are done.
SELECT place, entity, project_id, latest.source AS event_source, latest.id AS event_id,
       coalesce(latest.started_at, working_since) AS occurred_at, latest.status IN ('IN_PROGRESS', 'BLOCKED') AS counted,
       CASE WHEN counted THEN days_between(coalesce(latest.started_at, working_since), moment)
            WHEN latest.status = 'DONE' AND latest.started_at <= done_at
            THEN days_between(latest.started_at, done_at) END AS numerator,
       CASE WHEN counted THEN entity || ' has been in progress for ' || numerator::BIGINT || ' days' END AS reason
FROM asked_item
