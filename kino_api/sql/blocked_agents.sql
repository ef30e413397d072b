-- Those of some agents who reported a blocker that is open, in projects that the viewer sees.
SELECT DISTINCT blocker.agent_id
FROM kino.open_blocker(ARRAY(
    SELECT DISTINCT report.project_id
    FROM kino.blocker_report AS report JOIN kino.visible_project(:viewer, :sees_all) AS project
        ON project.id = report.project_id
    WHERE report.agent_id = ANY (:agents)
), 'infinity') AS blocker
WHERE blocker.agent_id = ANY (:agents)
