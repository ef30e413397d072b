"""Dagster's own configuration: `dagster.yaml`, and in an installed Kino `workspace.yaml` beside it."""
