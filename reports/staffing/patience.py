"""How long callers are willing to wait, estimated from those who gave up and those who were answered before.

Who is answered after 20 s was willing to wait for 20 s at least: his patience is censored. Leaving such callers out
makes callers look impatient. Sources: E. L. Kaplan and P. Meier, "Nonparametric estimation from incomplete
observations" (1958); L. Brown et al., "Statistical analysis of a telephone call center" (2005).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reports.measures import Stay


@dataclass(frozen=True, slots=True)
class Step:
    """From ``wait_ms`` on a part ``staying`` of the callers is still willing to wait."""

    wait_ms: int
    staying: float


@dataclass(frozen=True, slots=True)
class Patience:
    """The patience of ``callers``, of whom ``abandons`` gave up.

    ``curve`` is Kaplan and Meier's; no wait was longer than ``longest_ms``, so it says nothing beyond.
    """

    callers: int
    abandons: int
    waited_ms: int
    longest_ms: int
    curve: Sequence[Step]

    @property
    def mean_s(self) -> float | None:
        """The mean of an exponential patience: all time waited, for each abandon. None when nobody gave up."""
        return self.waited_ms / self.abandons / 1_000 if self.abandons else None

    @property
    def mean_range_s(self) -> tuple[float, float] | None:
        """The range in which that mean lies with 95 % confidence (normal in the logarithm)."""
        if self.mean_s is None:
            return None
        factor = math.exp(1.96 / math.sqrt(self.abandons))
        return self.mean_s / factor, self.mean_s * factor

    @property
    def median_s(self) -> float | None:
        """The wait after which half of the callers have given up; None where the record ends before."""
        return next((step.wait_ms / 1_000 for step in self.curve if step.staying <= 0.5), None)

    @property
    def restricted_mean_s(self) -> float:
        """The mean patience, where none is counted as longer than the longest wait: the area below the curve."""
        area, since, staying = 0.0, 0, 1.0
        for step in self.curve:
            area += staying * (step.wait_ms - since)
            since, staying = step.wait_ms, step.staying
        return (area + staying * (self.longest_ms - since)) / 1_000

    def staying(self, wait_s: float) -> float:
        """Return the part of the callers that is still willing to wait after so many seconds."""
        return next((step.staying for step in reversed(self.curve) if step.wait_ms <= 1_000 * wait_s), 1.0)


def patience(stays: Iterable[Stay]) -> Patience:
    """Estimate the patience of callers. All who did not abandon are censored at the end of their waits."""
    waits, gave_up = Counter[int](), Counter[int]()
    for stay in stays:
        waits[stay.wait_ms] += 1
        gave_up[stay.wait_ms] += stay.outcome == "abandoned"
    at_risk, staying, curve = waits.total(), 1.0, list[Step]()
    for wait, callers in sorted(waits.items()):
        if gave_up[wait]:
            staying *= 1 - gave_up[wait] / at_risk
            curve.append(Step(wait, staying))
        at_risk -= callers
    return Patience(
        callers=waits.total(),
        abandons=gave_up.total(),
        waited_ms=sum(wait * callers for wait, callers in waits.items()),
        longest_ms=max(waits, default=0),
        curve=tuple(curve),
    )
