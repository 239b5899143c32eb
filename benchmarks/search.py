"""The search for the highest rate that is held: a ladder until one is not, then halves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class RateSearch:
    """Finds the highest rate that holds, as finely as ``precision`` (a share of the rate) says.

    `next` is the rate to try, None once the search is over; `tell` takes what came of it. ``best`` is the highest
    that held, 0 when none did, and ``lost`` the lowest that did not: the truth lies between them.
    """

    start: float
    precision: float = 0.06
    best: float = 0.0
    lost: float | None = None

    @property
    def next(self) -> float | None:
        """The rate to try."""
        if self.lost is None:
            return 2 * self.best or self.start
        done = self.lost - self.best <= self.precision * self.lost
        return None if done else (self.best + self.lost) / 2

    def tell(self, held: bool) -> None:
        """Take what came of the rate that `next` named. Raises `RuntimeError` once the search is over."""
        rate = self.next
        if rate is None:
            raise RuntimeError("the search is over")
        if held:
            self.best = rate
        else:
            self.lost = rate
