"""Whose number it is."""

import uuid
from dataclasses import dataclass

from kino_core.metrics import ScopeType


@dataclass(frozen=True)
class Scope:
    """Whose number is asked for; `id` is None for the portfolio, a UUID or an agent type's name otherwise."""

    type: ScopeType
    id: uuid.UUID | str | None = None

    @property
    def key(self) -> str:
        """Return the id as gold spells it."""
        return "all" if self.id is None else str(self.id)


PORTFOLIO = Scope(ScopeType.PORTFOLIO)
