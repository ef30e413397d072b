"""The last part of an erasure: the lake is built anew without its past, and so are the reports that name the person."""

from collections.abc import Callable
from contextlib import closing

import structlog

from kino_assets.refresh import LakeWriter, has_lake
from kino_core.database import Database
from kino_core.privacy.erasures import Step, Work, finish_step, next_work, only_eraser
from kino_core.privacy.pseudonyms import Rewriter
from kino_core.settings import Settings
from kino_reports.anew import make_anew

STATEMENT_TIMEOUT_MS = 600_000

log = structlog.get_logger(__name__)


def erase_from_lake(settings: Settings, work: Work, rebuild: Callable[[], object]) -> None:
    """Do the step LAKE of an erasure; `rebuild` makes every table of the lake anew from the rewritten log.

    What the lake was like before cannot be asked for any more. Running it again finishes what was interrupted.
    """
    if has_lake(settings):
        rebuild()
        with closing(LakeWriter(settings)) as writer:
            writer.forget_past()
    with closing(Database(settings.database_url, pool_max=2, statement_timeout_ms=STATEMENT_TIMEOUT_MS)) as database:
        changed = make_anew(settings, database, Rewriter(work.traces, work.pseudonym), work.traces.needles)
        with database.write() as session:
            finish_step(session, work, rows_changed=changed)


def erase_what_waits(settings: Settings, database: Database, rebuild: Callable[[], object]) -> bool:
    """Do the step LAKE of the erasure that waits for it longest; return whether there was one to do."""
    with database.read() as session:
        if next_work(session, Step.LAKE) is None:
            return False
    with only_eraser(settings.database_url, wait=False) as held:
        with database.read() as session:
            work = next_work(session, Step.LAKE) if held else None
        if work is None:
            return False
        erase_from_lake(settings, work, rebuild)
    log.info("a person was erased from the lake", erasure_id=str(work.id))
    return True
