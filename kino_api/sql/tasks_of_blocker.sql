SELECT DISTINCT task_id FROM kino.blocker_report WHERE project_id = :project_id AND blocker_id = :blocker_id
