-- What a state comes to in each place: its rows that count, what they tell of beside, and the most telling reasons, of
-- the projects that may be named.
SELECT place, {value} AS value, count(numerator) FILTER (counted) AS n, count(*) FILTER (counted) AS entities,
       {details} AS details,
       list(reason ORDER BY numerator DESC, occurred_at, entity) FILTER (
           counted AND reason IS NOT NULL
           AND ($projects::VARCHAR[] IS NULL OR list_contains($projects::VARCHAR[], project_id::VARCHAR)))[:{most}] AS reasons
FROM (
{rows}
)
GROUP BY place
