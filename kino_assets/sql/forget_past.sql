-- Every snapshot but the newest, then the files that only those needed, and files that no snapshot ever named.
CALL ducklake_expire_snapshots('lake', older_than => now());
CALL ducklake_cleanup_old_files('lake', cleanup_all => true);
CALL ducklake_delete_orphaned_files('lake', cleanup_all => true);
