"""One module a page: its routes, the queries it asks, and the plain data its template shows."""
