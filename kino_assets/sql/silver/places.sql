-- Where facts belong, as this window leaves it.
CREATE OR REPLACE TEMP TABLE placed_project AS FROM silver.project;
CREATE OR REPLACE TEMP TABLE placed_repository AS FROM silver.repository;
