"""What every page needs, made once when the web process starts."""

from dataclasses import dataclass, field

from starlette.requests import Request

from dashboards.rendering import Renderer
from dashboards.snapshot_cache import SnapshotCache
from kino_core.database import Database
from kino_core.gold import Warehouse
from kino_core.settings import Settings


@dataclass(frozen=True)
class Site:
    """The resources of the web process, shared by its threads."""

    settings: Settings
    database: Database
    warehouse: Warehouse
    renderer: Renderer
    numbers: SnapshotCache = field(default_factory=SnapshotCache)


def site_of(request: Request) -> Site:
    """Return the site that answers `request`."""
    site: Site = request.app.state.site
    return site
