-- A sum that does not depend on the order of what is added, as that of floating-point numbers does: to nine decimal places.
CREATE OR REPLACE TEMP MACRO exact_sum(number) AS sum(try_cast(number AS DECIMAL(30, 9)))::DOUBLE;
-- The value of a period by the kind of its metric, from sums over its entities and, of a median, their sorted values.
CREATE OR REPLACE TEMP MACRO value_of(kind, numerator, denominator, sorted) AS
    CASE WHEN kind IN ('ratio', 'quotient') THEN numerator / nullif(denominator, 0)
         WHEN kind = 'median' THEN list_aggregate(sorted, 'median')
         ELSE numerator END;
-- The 95 % intervals of what stands on a sample: -1 asks for their lower ends, 1 for their upper ones.
-- Wilson's, of a share that `n` entities make up.
CREATE OR REPLACE TEMP MACRO wilson(share, n, side) AS
    (share + 1.9208 / n + side * 1.96 * sqrt(share * (1 - share) / n + 0.9604 / (n * n))) / (1 + 3.8416 / n);
-- Of a median: the values around the middle of `sorted` between which the true median lies in 95 of 100 samples,
-- whatever their distribution. A bootstrap of ever more draws ends there. Fewer than six values have none.
CREATE OR REPLACE TEMP MACRO median_bound(sorted, side) AS
    CASE WHEN len(sorted) >= 6 THEN sorted[ceil(len(sorted) / 2 + side * 0.98 * sqrt(len(sorted)))::BIGINT] END;
-- Of either kind; other kinds count everything there is and have none.
CREATE OR REPLACE TEMP MACRO interval_end(kind, share, n, sorted, side) AS
    CASE kind WHEN 'ratio' THEN wilson(share, n, side) WHEN 'median' THEN median_bound(sorted, side) END;
-- How many weeks of a period have begun, in days and sevenths.
CREATE OR REPLACE TEMP MACRO weeks_begun(first, last) AS (least(last, current_date) - first + 1) / 7.0;
