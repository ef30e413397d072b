"""Kino with no more tables and metrics than the rival has, where `KINO_BENCH_SAME` is set.

Imported before everything that reads the catalogue.
"""

import os

from kino_core import metrics

KEYS = ("commits", "lines_added", "agent_activities", "tasks_started", "tasks_completed", "test_pass_rate")
TABLES = ("project", "repository", "commit", "agent_activity", "test_run", "task")
"""What Kino makes besides because these need it, it makes all the same."""
SWITCH = "KINO_BENCH_SAME"

NARROWED = SWITCH in os.environ
if NARROWED:
    metrics.METRICS = tuple(metric for metric in metrics.METRICS if metric.key in KEYS)
