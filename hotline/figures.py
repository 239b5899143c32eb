"""What flows may know of the queues, now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo

from acd.distributor import Distributor
from acd.policy import can_serve, needs
from hotline.clock import Clock


class LiveFigures:
    """The queues' figures: `ivr.house.Figures`."""

    def __init__(self, distributor: Distributor, clock: Clock) -> None:
        self._distributor = distributor
        self._clock = clock

    def queue(self, name: str) -> Mapping[str, float]:
        """Return ``waiting``, ``longest_wait``, ``estimated_wait`` (s), ``seats_ready``. Raises `KeyError`.

        The estimate is of one who would come now (see `acd.estimate`); before enough calls were handled it is how
        long the first in line has waited.
        """
        plan = self._distributor.plan.queues[name]
        now = self._clock.now()
        waits = [
            now - visit.arrived
            for visit in self._distributor.visits.values()
            if visit.queue.name == name and visit.offer is None
        ]
        wanted = needs(plan.skills, {})
        ready = sum(
            seat.state == "ready" and can_serve(seat.skills, wanted)
            for seat in self._distributor.seats.values()
        )
        longest = max(waits, default=0) / 1000
        forecast = self._distributor.forecast(name)
        return {
            "waiting": len(waits),
            "longest_wait": longest,
            "estimated_wait": forecast.expected / 1000 if forecast is not None else longest,
            "seats_ready": ready,
        }


class LocalTime:
    """The time that the site's people read: `ivr.house.Clock`."""

    def __init__(self, clock: Clock, zone: tzinfo) -> None:
        self._clock = clock
        self._zone = zone

    def local(self) -> datetime:
        """Return the time in the site's own zone, aware of it."""
        return datetime.fromtimestamp(self._clock.now() / 1000, UTC).astimezone(self._zone)
