"""The search for the highest rate that is held: a ladder until one is not, then halves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class RateSearch:
    """Finds the highest rate that holds, as finely as ``precision`` (a share of the rate) says.

    `next` is the rate to try, None once the search is over; `tell` takes what came of it. ``best`` is the highest
    that held, 0 when none did.
    """

    start: float
    precision: float = 0.08
    best: float = 0.0
    _lowest_lost: float | None = None

    @property
    def next(self) -> float | None:
        """The rate to try."""
        lost = self._lowest_lost
        if lost is None:
            return 2 * self.best or self.start
        return None if lost - self.best <= self.precision * lost else (self.best + lost) / 2

    def tell(self, held: bool) -> None:
        """Take what came of the rate that `next` named. Raises `RuntimeError` once the search is over."""
        rate = self.next
        if rate is None:
            raise RuntimeError("the search is over")
        if held:
            self.best = rate
        else:
            self._lowest_lost = rate
