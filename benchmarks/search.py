"""The search for the highest rate that is held: a ladder until it fails, then halves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class RateSearch:
    """Finds the highest of the rates that pass, as finely as ``precision`` (a share of the rate) says.

    `next` is the rate to try, None once it is known; `tell` takes what came of it. A rate is tried a second time
    when it failed, since on a machine that others use too one failure proves little.
    """

    start: float
    precision: float = 0.05
    most: float = 1_000.0
    best: float = 0.0
    _failed: float | None = None
    _doubted: bool = False

    @property
    def next(self) -> float | None:
        """The rate to try."""
        if self._failed is None:
            rate = 2 * self.best if self.best else self.start
            return rate if rate <= self.most else None
        if self._failed - self.best <= self.precision * self._failed:
            return None
        return (self.best + self._failed) / 2

    def tell(self, held: bool) -> None:
        """Take what came of the rate that `next` named."""
        rate = self.next
        if rate is None:
            raise RuntimeError("the search is over")
        if held:
            self.best, self._doubted = rate, False
        elif not self._doubted:
            self._doubted = True
        else:
            self._failed, self._doubted = rate, False
