-- What is in production now, with what a commit's subject says of it: the title that it reverts, that it is a hotfix.
INSERT INTO delivery BY NAME
SELECT repository_id, sha, deployment_key, deployed_at, regexp_replace(subject, ' \(#\d+\)$', '') AS title,
       CASE WHEN starts_with(subject, 'Revert "')
           THEN regexp_replace(regexp_extract(title, '^Revert "(.*)"$', 1), ' \(#\d+\)$', '') END AS reverted_title,
       regexp_matches(subject, '(?i)^(hotfix\b|merge pull request #\d+ from [^/\s]+/hotfix[/_-]'
                               '|merge (remote-tracking )?branch ''(origin/)?hotfix[/_-])') AS hotfix
FROM silver.delivered_commit SEMI JOIN deployment_list USING (repository_id);
