"""How long a caller will wait: estimated from what is seen, with a range, and judged by what came true."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt
from typing import Literal

SPREAD = (
    0.8416  # standard deviations from the mean to the 20th and the 80th percentile of a normal distribution
)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A wait still to come, ms: the expected one, and the range in which three of five shall fall."""

    expected: float
    low: float
    high: float
    by: Literal["queue-length", "head-of-line"]


def queue_length(ahead: float, servers: float, service_ms: float, patience_ms: float | None) -> Estimate:
    """Estimate the wait of a caller with ``ahead`` before him at ``servers`` busy seats.

    The time until the seats have come to him is a sum of exponential steps, one for each caller before him and his own:
    at rate s/m + i/p with i of them left, for one is served (s seats, m ms each) or gives up (after p ms, on average).
    Source: Whitt, "Improving service by informing customers about anticipated delays", 1999; as the estimator QL_m in
    Ibrahim and Whitt, "Real-time delay estimation in overloaded multiserver queues with abandonments", 2009. The sum is
    taken as an integral by midpoints, the range from the variance.
    """
    served = servers / service_ms
    if patience_ms is None:
        expected, variance = (ahead + 1) / served, (ahead + 1) / served**2
    else:
        lost = 1 / patience_ms
        first, last = max(served - lost / 2, served / 2), served + (ahead + 0.5) * lost
        expected = log(last / first) / lost
        variance = (1 / first - 1 / last) / lost
    spread = SPREAD * sqrt(variance)
    return Estimate(expected, max(0.0, expected - spread), expected + spread, "queue-length")


def head_of_line(waited_ms: float, own_ms: float) -> Estimate:
    """Estimate by how long the first in line has waited by now, less what this caller has waited himself.

    Source: Ibrahim and Whitt, "Real-time delay estimation based on delay history", 2009: such a wait is close to
    the delay of those who come now, with a coefficient of variation near 1/2 while few wait.
    """
    expected = max(0.0, waited_ms - own_ms)
    return Estimate(expected, expected * 0.5, expected * 1.5, "head-of-line")


class Mean:
    """A mean that forgets: of the last ``memory`` values, more or less; exact over the first ones."""

    __slots__ = ("_memory", "count", "value")

    def __init__(self, memory: int = 200) -> None:
        self._memory = memory
        self.count = 0
        self.value = 0.0

    def add(self, value: float) -> None:
        """Take a value in."""
        self.count += 1
        self.value += (value - self.value) / min(self.count, self._memory)


class Accuracy:
    """How good estimates were, by the callers who were answered: what others would have waited, nobody knows."""

    __slots__ = ("coverage", "error", "wait")

    ENOUGH = 30
    WORST_COVERAGE = 0.4  # of 0.6 aimed at
    WORST_ERROR_MS = 30_000

    def __init__(self) -> None:
        self.error = Mean()
        self.coverage = Mean()
        self.wait = Mean()

    def judge(self, estimate: Estimate, waited_ms: float) -> None:
        """Take in how long a caller really waited from the estimate on."""
        self.error.add(abs(waited_ms - estimate.expected))
        self.coverage.add(float(estimate.low <= waited_ms <= estimate.high))
        self.wait.add(waited_ms)

    @property
    def announceable(self) -> bool:
        """Tell whether estimates are good enough to be told: seen often, mostly in range, off by little."""
        return (
            self.error.count >= self.ENOUGH
            and self.coverage.value >= self.WORST_COVERAGE
            and self.error.value <= max(self.WORST_ERROR_MS, self.wait.value / 2)
        )
