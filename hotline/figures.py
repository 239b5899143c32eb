"""What flows may know of the queues, now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo

from acd.distributor import Distributor
from acd.plan import QueuePlan
from acd.policy import can_serve, needs
from hotline.clock import Clock


class LiveFigures:
    """The queues' figures: `ivr.house.Figures`."""

    def __init__(self, distributor: Distributor, queues: Mapping[str, QueuePlan], clock: Clock) -> None:
        self._distributor = distributor
        self._queues = queues
        self._clock = clock

    def queue(self, name: str) -> Mapping[str, float]:
        """Return ``waiting``, ``longest_wait``, ``estimated_wait`` (s), ``seats_ready``. Raises `KeyError`.

        The estimate is the head-of-line delay: how long the first in line has waited by now; 0 where a seat is ready
        for the next. Source: Ibrahim and Whitt, "Real-time delay estimation based on delay history", 2009.
        """
        plan = self._queues[name]
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
        return {
            "waiting": len(waits),
            "longest_wait": longest,
            "estimated_wait": 0.0 if ready and not waits else longest,
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
