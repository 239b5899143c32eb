"""A still of the floor: all as it stood at one moment of the past, made of what was recorded then."""

from __future__ import annotations

from collections.abc import Iterable

from acd import explain
from acd.callers import Callers
from acd.floor import Floor
from acd.matching import Matching
from acd.messages import Enter, RestoreSeat
from acd.plan import Plan
from acd.seating import SeatStatus


class Still:
    """The floor at a moment (ms): to be looked at. Nothing moves in it, and no time passes.

    It goes by the very rules that the distributor goes by. ``callers`` are those who stand in line, in the order in
    which they came. Seats and queues of which the plan knows nothing are left out: they were on their way out.
    """

    def __init__(
        self,
        plan: Plan,
        now: int,
        seats: Iterable[RestoreSeat],
        callers: Iterable[Enter],
        *,
        held: bool = False,
    ) -> None:
        self.plan = plan
        self.now = now
        self._floor = floor = Floor(plan)
        floor.now = now
        floor.held_until = now + 1 if held else None
        self._matching = Matching(floor)
        for seat in seats:
            if seat.seat in plan.seats:
                status = floor.seating.restore(seat)
                if status.state == "unreachable" and now - status.since >= plan.unreachable_off_ms:
                    floor.seating.set_duty(status, on=False)
        line = Callers(floor, self._matching)
        for caller in callers:
            if caller.queue in plan.queues:
                line.stand(caller)

    @property
    def ready(self) -> int:
        """How many seats are ready."""
        return len(self._floor.seating.ready)

    @property
    def waiting(self) -> int:
        """How many callers stand in line."""
        return len(self._floor.lines)

    def stands(self, visit: str) -> bool:
        """Tell whether a caller stands in line."""
        return visit in self._floor.visits

    def in_queue(self, queue: str) -> int:
        """Return how many callers stand in line in a queue; call-backs are not counted."""
        return self._floor.lines.waiting(queue)

    def waits(self, visit: str) -> explain.Waits:
        """Return why a caller waits. Raises `KeyError`."""
        return explain.visit(self._floor, self._matching, self._floor.visits[visit], self.now)

    def choice(self, visit: str) -> explain.Choice:
        """Return which ready seats a caller may have, the best first. Raises `KeyError`."""
        return explain.choice(self._floor, self._matching, self._floor.visits[visit], self.now)

    def idle(self, seat: str) -> explain.Idle:
        """Return why a seat is idle. Raises `KeyError`."""
        return explain.seat(self._floor, self._matching, self._floor.seating.all[seat], self.now)

    def due(self, seat: str) -> explain.Due:
        """Return whose turn it is at a ready seat. Raises `KeyError`."""
        return explain.due(self._floor, self._matching, self._floor.seating.all[seat], self.now)

    def freed_by(self, seat: str, since: int) -> str | None:
        """Return which seat fell free (since a moment, ms) and so made this one free for a caller; None where none did.

        That is the seat itself, or one by whose return a reserve is large enough to spare it.
        """
        own = self._floor.seating.all[seat]
        kin = [one for one in self._floor.seating.ready.values() if _share(one, own)]
        return next((one.name for one in [own, *kin] if one.state == "ready" and one.since >= since), None)


def _share(one: SeatStatus, other: SeatStatus) -> bool:
    return bool(set(one.profile.reserves) & set(other.profile.reserves))
