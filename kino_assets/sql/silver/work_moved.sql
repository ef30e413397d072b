-- What leads elsewhere than before, and whose work that is.
INSERT INTO moved_link
(FROM link EXCEPT FROM earlier_link) UNION ALL (FROM earlier_link EXCEPT FROM link);
INSERT INTO moved_task SELECT DISTINCT project_id, task_id FROM moved_link;
