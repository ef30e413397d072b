-- Any day that gold has numbers of.
SELECT period_start FROM (SELECT DISTINCT period_start FROM gold.metric_value WHERE grain = 'day')
ORDER BY random() LIMIT 1
