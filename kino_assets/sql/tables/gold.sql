CREATE TABLE IF NOT EXISTS gold.metric_value (
    metric VARCHAR, version INTEGER, scope_type VARCHAR, scope_id VARCHAR, grain VARCHAR, period_start DATE,
    value DOUBLE, p90 DOUBLE, low DOUBLE, high DOUBLE, lower DOUBLE, upper DOUBLE, numerator DOUBLE, denominator DOUBLE, upper_numerator DOUBLE,
    n BIGINT, entities BIGINT
);
