"""The floor: all that the distributor knows at a moment, shared by the parts that act on it."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from acd.lines import Lines, VisitState
from acd.messages import Close, CloseReason, Decision, SeatChange
from acd.plan import Plan, QueuePlan
from acd.pools import Pool, Pools
from acd.rates import Rates
from acd.seating import Seating, SeatStatus
from acd.seats import BUSY
from acd.widening import Stage, stages

Alarm: TypeAlias = Literal[
    "seat", "off-duty", "limit", "estimate", "needs", "retry", "aside", "offer", "hold"
]


@dataclass(slots=True, eq=False)
class LiveOffer:
    """An offer under way. ``visit`` is None once its caller is gone, or answered, or not yet back.

    ``seats`` are those that ring or talk, ``seat`` the first or the one that answered, ``talking`` whether it has.
    """

    id: str
    of: str
    seat: str
    seats: list[str]
    queue: QueuePlan | None
    visit: VisitState | None
    deadline: int | None
    talking: bool = False


class Floor:
    """Queues, callers, seats, offers and what is due when. It decides nothing."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.now = 0
        self.held_until: int | None = None
        self.decisions: list[Decision] = []
        self.visits: dict[str, VisitState] = {}
        self.offers: dict[str, LiveOffer] = {}
        self.offer_of: dict[str, str] = {}  # visit to its offer, ringing or talking
        self.rates = Rates()
        self.timers: list[tuple[int, int, Alarm, str]] = []
        self._sequence = 0
        self._ladders: dict[tuple[str, tuple[tuple[str, int], ...]], tuple[Stage, ...]] = {}
        self.pools = Pools(plan)
        self.lines = Lines(plan, self.pools)
        self.seating = Seating(
            plan,
            self.pools,
            changed=self._seat_changed,
            alarm=lambda at, seat: self.alarm(at, "seat", seat),
            off_alarm=lambda at, seat: self.alarm(at, "off-duty", seat),
        )

    def rearrange(self, plan: Plan) -> None:
        """Take in another plan. The lines are empty afterwards; to fill them again is the caller's part."""
        self.plan = plan
        self._ladders.clear()
        self.pools = Pools(plan)
        self.lines = Lines(plan, self.pools)
        self.seating.arrange(plan, self.pools)

    def ladder(self, queue: QueuePlan, skills: Mapping[str, int]) -> tuple[Stage, ...]:
        """Return the stages of a call in a queue."""
        key = (queue.name, tuple(sorted(skills.items())))
        found = self._ladders.get(key)
        if found is None:
            found = stages(queue, self.plan.queues, skills)
            if not any(skill[0] == "@" for skill in skills):  # those are as many as there are seats
                self._ladders[key] = found
        return found

    def next_number(self) -> int:
        """Return a number greater than any before."""
        self._sequence += 1
        return self._sequence

    def alarm(self, at: int, kind: Alarm, subject: str = "") -> None:
        """Note that something is due at a time."""
        heapq.heappush(self.timers, (at, self.next_number(), kind, subject))

    def is_held(self) -> bool:
        """Tell whether nothing may be offered now."""
        return self.held_until is not None and self.held_until > self.now

    def step_out(self, visit: VisitState) -> None:
        """Let a caller out of line; his pool may go with him."""
        if visit.line is not None:
            self.lines.remove(visit)
            self.pools.close(visit.pool)

    def enrol(self, visit: VisitState) -> None:
        """Begin to know a visit."""
        self.visits[visit.id] = visit
        visit.reach.reaching[visit.id] = visit

    def reach_changes(self, visit: VisitState, reach: Pool) -> None:
        """Note who may ever serve a visit."""
        if reach is not visit.reach:
            self._out_of_reach(visit)
            visit.reach = reach
            reach.reaching[visit.id] = visit

    def forget(self, visit: VisitState, outcome: str) -> None:
        """End a visit as ``answered``, ``abandoned`` or ``closed``."""
        del self.visits[visit.id]
        self.step_out(visit)
        self._out_of_reach(visit)
        self.rates.over(visit, self.now, outcome)

    def _out_of_reach(self, visit: VisitState) -> None:
        visit.reach.reaching.pop(visit.id, None)
        self.pools.close(visit.reach)

    def close(self, visit: VisitState, reason: CloseReason) -> None:
        """Send a visit on."""
        self.forget(visit, "closed")
        self.decisions.append(Close(visit.id, reason))

    def _seat_changed(self, seat: SeatStatus, change: SeatChange, _took: int) -> None:
        self.decisions.append(change)
        if change.now == "reserved":
            seat.taken_at = self.now
        elif change.was == "wrap-up" and change.now not in BUSY:
            self.rates.handled(seat.profile, self.now - seat.taken_at)
