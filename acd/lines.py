"""The callers who wait for an offer, in lines: one for each set of needs, queue and priority, the oldest first."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from acd.order import Order
from acd.plan import Plan, QueuePlan
from acd.pools import LineKey, Pool, Pools
from acd.seating import SeatStatus
from acd.turns import Turn, turn
from acd.widening import Stage


@dataclass(slots=True, eq=False)
class VisitState:
    """A caller in a queue. ``offer`` is his live offer; ``avoid`` the seats that missed him, until when.

    ``since`` is his arrival less his credit; ``waits_for`` his owner, while he waits for him alone; ``aside_until``
    when a call-back that failed comes back into line. ``priority`` is the queue's and its own.
    """

    id: str
    queue: QueuePlan
    skills: Mapping[str, int]
    own_priority: int
    priority: int
    arrived: int
    since: int
    sequence: int
    offers: int
    tier: int
    kind: Literal["call", "callback"]
    owner: str | None
    ladder: tuple[Stage, ...]
    stage: Stage
    pool: Pool
    reach: Pool
    waits_for: str | None = None
    offer: str | None = None
    aside_until: int | None = None
    line: LineKey | None = None
    avoid: dict[str, int] = field(default_factory=dict)

    def avoids(self, seat: str, now: int) -> bool:
        """Tell whether a seat missed this caller so lately that it is spared him."""
        return bool(self.avoid) and self.avoid.get(seat, 0) > now


class Lines:
    """All lines. Whose turn it is at a seat is found by looking at the heads of few lines, not at all callers."""

    def __init__(self, plan: Plan, pools: Pools) -> None:
        self._plan = plan
        self._pools = pools
        self._waiting: Counter[tuple[str, str]] = Counter()
        self._open: dict[int, Pool] = {}  # those in which somebody waits
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def waiting(self, queue: str) -> int:
        """Return how many callers stand in line in a queue; call-backs are not counted."""
        return self._waiting[queue, "call"]

    def all(self, now: int) -> list[VisitState]:
        """Return all callers in the order of their turn."""
        found = [v for pool in self._open.values() for line in pool.waiting.values() for v in line]
        return sorted(found, key=lambda visit: turn(visit, now, self._plan))

    def add(self, visit: VisitState) -> None:
        """Let a caller stand where his turn is."""
        visit.line = (visit.queue.name, visit.priority, visit.tier)
        line = visit.pool.waiting.get(visit.line)
        if line is None:
            line = visit.pool.waiting[visit.line] = Order()
            self._open[id(visit.pool)] = visit.pool
        line.add((visit.since, visit.sequence), visit)
        self._waiting[visit.queue.name, visit.kind] += 1
        self._count += 1

    def remove(self, visit: VisitState) -> None:
        """Let a caller step out."""
        if visit.line is None:
            raise AssertionError(f"visit {visit.id} stands in no line")
        line = visit.pool.waiting[visit.line]
        line.remove((visit.since, visit.sequence))
        if not line:
            del visit.pool.waiting[visit.line]
            if not visit.pool.waiting:
                del self._open[id(visit.pool)]
        visit.line = None
        self._waiting[visit.queue.name, visit.kind] -= 1
        self._count -= 1

    def first_for(self, seat: SeatStatus, now: int, barred: Callable[[int], bool]) -> VisitState | None:
        """Return the caller whose turn it is at a seat, of those whom it serves and whose tier is not barred there."""
        best: VisitState | None = None
        best_turn: Turn | None = None
        ranks = seat.profile.ranks
        for pool in self._pools.at(seat):
            for (queue, _, tier), line in pool.waiting.items():
                visit = line.first()
                if visit is not None and visit.avoids(seat.name, now):
                    visit = line.first(lambda visit: not visit.avoids(seat.name, now))
                if visit is None or barred(tier):
                    continue
                its_turn = turn(visit, now, self._plan, ranks.get(queue, 1))
                if best_turn is None or its_turn < best_turn:
                    best, best_turn = visit, its_turn
        return best

    def oldest(self, queue: str) -> VisitState | None:
        """Return the caller who has waited longest in a queue, of the first ones of its lines."""
        heads = [
            line.first()
            for pool in self._open.values()
            for (name, _, _), line in pool.waiting.items()
            if name == queue
        ]
        return min((head for head in heads if head is not None), key=lambda head: head.arrived, default=None)

    def position(self, visit: VisitState, now: int) -> int:
        """Return a caller's place among those of his queue, from 1."""
        before = sum(
            self._before(line, visit, now)
            for pool in self._open.values()
            for (queue, _, _), line in pool.waiting.items()
            if queue == visit.queue.name
        )
        return before + 1

    def ahead_of(self, visit: VisitState, now: int) -> Iterator[tuple[Pool, int]]:
        """Iterate over the pools that share seats with this caller's, with how many there are due before him."""
        mine = set(map(id, visit.pool.profiles))
        for pool in self._open.values():
            if pool is visit.pool or any(id(profile) in mine for profile in pool.profiles):
                yield pool, sum(self._before(line, visit, now) for line in pool.waiting.values())

    def _before(self, line: Order[VisitState], visit: VisitState, now: int) -> int:
        """Return how many of a line are due before a visit: those for whom the order of turns says so."""
        its_turn = turn(visit, now, self._plan)
        return bisect_left(range(len(line)), its_turn, key=lambda n: turn(line.at(n), now, self._plan))
