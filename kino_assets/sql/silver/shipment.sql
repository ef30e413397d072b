-- The deployments of a repository that may have brought something, oldest first.
SELECT deployment_key, sha, epoch_us(contained_until), estimated
FROM deployment_list JOIN delivery_since USING (repository_id)
WHERE repository_id = ?::UUID AND brings AND deployed_at >= since
ORDER BY deployed_at, deployment_key;
