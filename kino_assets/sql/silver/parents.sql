SELECT sha, coalesce(parents, []) FROM silver.commit WHERE repository_id = ?::UUID;
