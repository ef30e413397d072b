-- Where the work of agents led, from what was gathered before.
CREATE OR REPLACE TEMP TABLE affected AS
SELECT event_source, event_id, repository_id, number FROM link
UNION SELECT event_source, event_id, repository_id, number FROM earlier_link;
CREATE OR REPLACE TEMP TABLE fresh AS FROM link;
