-- How many rows a metric has, and how many cannot be true.
SELECT count(*), count(*) FILTER ({implausible}) FROM gold.metric_value WHERE metric = ?;
