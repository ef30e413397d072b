"""Kino's web pages: `app.py` composes the whole web process, `pages/` holds one module a page.

Templates render on the server; a page's live parts are named blocks of its own template.
"""
