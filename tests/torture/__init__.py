"""The crash test: Kino under load while its processes and servers are killed, frozen and restarted at random."""
