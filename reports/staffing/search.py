"""The fewest seats that meet a target."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from reports.measures import FormulaName
from reports.staffing.erlang import ModelName, Steady, Traffic, erlang_a, erlang_b, erlang_c


@dataclass(frozen=True, slots=True)
class Target:
    """At least ``share`` of the callers: answered within ``threshold_s`` by ``formula``, or at all where it is None.

    ``short_s`` is how long a short abandon lasts at most.
    """

    share: Fraction
    formula: FormulaName | None
    threshold_s: int
    short_s: int

    def met_by(self, steady: Steady) -> bool:
        """Tell whether seats that fare so meet it."""
        if self.formula is None:
            return steady.answer_rate >= self.share
        level = steady.service_level(self.formula, self.threshold_s, self.short_s)
        return level is not None and level >= self.share

    def __str__(self) -> str:
        percent = f"{float(100 * self.share):.12g} %"
        if self.formula is None:
            return f"an answer rate of {percent}"
        return f"a service level “{self.formula}” of {percent} within {self.threshold_s} s"


@dataclass(frozen=True, slots=True)
class Model:
    """One of Erlang's models; ``patience_s`` is the mean patience of callers, for model a alone."""

    name: ModelName
    patience_s: float | None = None

    def steady(self, traffic: Traffic, seats: int) -> Steady:
        """Return how so many seats fare. Raises `Overloaded` for model c."""
        if self.name == "b":
            return erlang_b(traffic, seats)
        if self.name == "c":
            return erlang_c(traffic, seats)
        if self.patience_s is None:
            raise ValueError("Erlang A wants a patience")
        return erlang_a(traffic, seats, self.patience_s)

    def least(self, traffic: Traffic) -> int:
        """Return the fewest seats that the model has an answer for."""
        return traffic.least_seats if self.name == "c" else 1


def fewest(model: Model, traffic: Traffic, target: Target) -> Steady:
    """Return how the fewest seats fare that meet a target.

    In each model, and by each formula, more seats serve better, and enough of them serve everybody at once: so
    there is a number for each share below 1, and it is found by bisection.
    """

    def good(seats: int) -> Steady | None:
        steady = model.steady(traffic, seats)
        return steady if target.met_by(steady) else None

    too_few = model.least(traffic) - 1
    enough, step = max(too_few + 1, math.ceil(traffic.erlangs)), 1
    while (best := good(enough)) is None:
        too_few, enough, step = enough, enough + step, 2 * step
    return _bisect(good, too_few, best)


def scheduled(seats: int, shrinkage: Fraction) -> int:
    """Return how many people to schedule for so many seats, when a part ``shrinkage`` of their paid time is away."""
    return math.ceil(seats / (1 - shrinkage))


def _bisect(good: Callable[[int], Steady | None], too_few: int, best: Steady) -> Steady:
    while best.seats - too_few > 1:
        middle = (too_few + best.seats) // 2
        better = good(middle)
        if better is None:
            too_few = middle
        else:
            best = better
    return best
