SELECT kino.recount_projects(%(ids)s::uuid[])
