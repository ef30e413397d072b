-- What a state comes to in each place: its rows that count, what they tell of beside, and the most telling reasons.
SELECT place, {value} AS value, count(numerator) FILTER (counted) AS n, count(*) FILTER (counted) AS entities,
       {details} AS details,
       list(reason ORDER BY numerator DESC, occurred_at, entity) FILTER (counted AND reason IS NOT NULL)[:{most}] AS reasons
FROM (
{rows}
)
GROUP BY place
