"""Portfolios that nobody works in: made-up people and agents whose days can be told apart from real ones by name only.

`Plan` says how much of what, `simulated_events` yields what the doors and the backfill would have made of it. The same
plan gives the same events, byte for byte, on every machine.
"""

from kino_ingest.simulation.plan import Plan, PlannedItem, PlannedProject, beginning_of_names
from kino_ingest.simulation.stream import simulated_events

__all__ = ["Plan", "PlannedItem", "PlannedProject", "beginning_of_names", "simulated_events"]
