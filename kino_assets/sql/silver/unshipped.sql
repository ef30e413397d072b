SELECT sha, parents, epoch_us(committed_at) FROM undelivered WHERE repository_id = ?::UUID;
