"""REST API, sign-in, permissions and the live channel: one module a noun holds its rules and queries,
`routes/` its HTTP face; the pages call the same functions.
"""
