"""What Kino holds about people, how a person gets all of it, and what is left of somebody who is erased.

`tables` says it table by table, `subjects` finds a person, `pseudonyms` rewrites, `export` tells.
"""
