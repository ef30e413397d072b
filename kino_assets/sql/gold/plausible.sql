-- How many rows each metric has among those written, and how many of them cannot be true.
SELECT metric, count(*), count(*) FILTER (WHERE {implausible}) FROM {written} GROUP BY metric;
