"""Dagster's user interface on loopback. It knows no sign-in, so no other site's page may speak to it."""

from pathlib import Path

import uvicorn
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_webserver.app import create_app_from_workspace_process_context
from dagster_webserver.version import __version__

from kino_assets.instance import dagster_instance
from kino_assets.own_pages import OwnPagesOnly
from kino_core.settings import Settings


def serve_dagster(settings: Settings, workspace: Path) -> None:
    """Serve Dagster's user interface on 127.0.0.1 until SIGTERM."""
    with (
        dagster_instance(settings) as instance,
        WorkspaceProcessContext(
            instance, version=__version__, workspace_load_target=WorkspaceFileTarget([str(workspace)])
        ) as context,
    ):
        app = OwnPagesOnly(create_app_from_workspace_process_context(context), settings.api_base_url)
        uvicorn.run(app, host="127.0.0.1", port=settings.dagster_port, log_level="warning")
