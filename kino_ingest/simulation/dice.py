"""Chance that comes out the same again: what is thrown follows from the name that the dice were made with."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Dice for one purpose, by its name. Only `Random.random` is used, which no version of Python may change."""

    def __init__(self, name: str) -> None:
        self.share = Random(name).random
        """Returns a number from 0 up to, but without, 1."""

    def happens(self, share: float) -> bool:
        """Return whether something happens that does in this share of all cases."""
        return self.share() < share

    def below(self, number: int) -> int:
        """Return a whole number from 0 up to, but without, `number`."""
        return int(self.share() * number)

    def one(self, choices: Sequence[T]) -> T:
        """Return one of the choices."""
        return choices[self.below(len(choices))]

    def later(self, moment: datetime, least: float, most: float) -> datetime:
        """Return a moment that is later by so many minutes, more often by few of them."""
        return moment + timedelta(minutes=least + (most - least) * self.share() ** 2)
