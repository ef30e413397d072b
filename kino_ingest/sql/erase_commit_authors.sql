UPDATE kino."commit" SET author_key = moved.new
FROM unnest(CAST(:old AS text[]), CAST(:new AS text[])) AS moved (old, new)
WHERE author_key = moved.old
