INSERT INTO kino.identity AS identity (key, kind, name, email, person_id, agent_id)
VALUES (:key, :kind, :name, :email, :person_id, :agent_id)
ON CONFLICT (key) DO UPDATE SET email = coalesce(identity.email, excluded.email)
