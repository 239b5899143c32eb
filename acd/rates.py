"""What the estimates stand on: how long seats are taken, how patient callers are, how good estimates were."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from acd.estimate import Accuracy, Estimate, Mean, head_of_line, queue_length
from acd.lines import Lines, VisitState
from acd.pools import Pool, Profile
from acd.seats import WORKING

ENOUGH = 20  # calls handled before their mean is believed
FORECAST_EVERY_MS = 250  # so often at most is one made to be judged, however many come


@dataclass(frozen=True, slots=True)
class Forecast:
    """An estimate that will be judged, and when it was made."""

    estimate: Estimate
    at: int


class Rates:
    """Learns from what happens, and from nothing else."""

    def __init__(self) -> None:
        self.handling = Mean()
        self._lost: dict[str, Mean] = defaultdict(Mean)  # the share of callers who gave up
        self._waits: dict[str, Mean] = defaultdict(Mean)
        self._accuracy: dict[str, Accuracy] = defaultdict(Accuracy)
        self._forecasts: dict[str, Forecast] = {}
        self._next_forecast = 0

    @property
    def accuracy(self) -> Mapping[str, Accuracy]:
        """How good the estimates of each queue were."""
        return self._accuracy

    def handled(self, profile: Profile, taken_ms: int) -> None:
        """Take in how long a call took a seat, from the reservation to the end of wrap-up."""
        self.handling.add(taken_ms)
        profile.handling.add(taken_ms)

    def entered(self, visit: VisitState, lines: Lines, now: int) -> None:
        """Make a forecast for a caller who has to wait, so that it can be judged; only for some."""
        if now >= self._next_forecast:
            self._next_forecast = now + FORECAST_EVERY_MS
            estimate = self.estimate(visit, lines, now)
            if estimate is not None:
                self._forecasts[visit.id] = Forecast(estimate, now)

    def over(self, visit: VisitState, now: int, outcome: str) -> None:
        """Take in that a visit is ``answered``, ``abandoned`` or else."""
        forecast = self._forecasts.pop(visit.id, None)
        if visit.kind == "callback":
            return
        if outcome in ("answered", "abandoned"):
            self._waits[visit.queue.name].add(now - visit.arrived)
            self._lost[visit.queue.name].add(float(outcome == "abandoned"))
        if outcome == "answered" and forecast is not None:
            self._accuracy[visit.queue.name].judge(forecast.estimate, now - forecast.at)

    def patience_ms(self, queue: str) -> float | None:
        """Return the mean time to abandon: all time waited for each who gave up (exponential, censored by answers)."""
        lost, waits = self._lost[queue], self._waits[queue]
        if lost.count < ENOUGH or lost.value <= 0.0:
            return None
        return max(1.0, waits.value / lost.value)

    def estimate(self, visit: VisitState, lines: Lines, now: int) -> Estimate | None:
        """Return how long a waiting caller still has to wait, or None where there is nothing to go by.

        Those before him who could also go to other seats count by the share of theirs that are his.
        """
        mine = {id(profile): profile.working for profile in visit.pool.profiles}
        servers = sum(mine.values()) + sum(seat.state in WORKING for seat in visit.pool.named)
        if not servers or self.handling.count < ENOUGH:
            return self._by_head(visit, lines, now)
        ahead = 0.0
        for pool, count in lines.ahead_of(visit, now):
            theirs = sum(profile.working for profile in pool.profiles)
            shared = sum(mine.get(id(profile), 0) for profile in pool.profiles)
            ahead += count if pool is visit.pool else count * shared / max(theirs, 1)
        service_ms = self._service_ms(visit.pool)
        return queue_length(ahead, servers, service_ms, self.patience_ms(visit.queue.name))

    def _service_ms(self, pool: Pool) -> float:
        """Return how long a call takes a pool's seats: the mean over those at work, in calls, not in seats."""
        rate, servers = 0.0, 0
        for profile in pool.profiles:
            known = profile.handling if profile.handling.count >= ENOUGH else self.handling
            rate += profile.working / max(known.value, 1.0)
            servers += profile.working
        return servers / rate if rate else max(self.handling.value, 1.0)

    def _by_head(self, visit: VisitState, lines: Lines, now: int) -> Estimate | None:
        """Estimate by the first of the caller's own line; where nobody is in it, by the oldest of his queue."""
        line = visit.pool.waiting.get((visit.queue.name, visit.priority, visit.tier))
        head = line.first() if line is not None else lines.oldest(visit.queue.name)
        if head is None or head is visit:
            return None
        return head_of_line(now - head.arrived, now - visit.arrived)
