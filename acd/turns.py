"""The order of callers: whose turn it is at a seat that falls free."""

from __future__ import annotations

from typing import Protocol, TypeAlias

from acd.plan import Plan, QueuePlan

Turn: TypeAlias = tuple[int, int, int, int]


class Waiting(Protocol):
    """What the order of callers looks at."""

    @property
    def queue(self) -> QueuePlan:
        """The queue that he waits in."""

    @property
    def priority(self) -> int:
        """Higher goes first."""

    @property
    def since(self) -> int:
        """When the visit began, less its credit, ms."""

    @property
    def sequence(self) -> int:
        """The order in which the distributor heard of it: breaks ties."""


def effective_priority(priority: int, waited_ms: int, ageing_ms: int | None, bound: int) -> int:
    """Return the priority after a wait: one step more for each ``ageing_ms``, up to ``bound``.

    So, where a seat ranks their queues alike, a younger call of priority q passes an older one of priority p ≤ q
    only if it came less than (q - p) x ``ageing_ms`` later: nobody starves. For both gain steps of one length, and who
    came later by that much has not gained what the older has. A priority above the bound stays as it is.
    """
    if ageing_ms is None or priority >= bound:
        return priority
    return min(bound, priority + max(0, waited_ms) // ageing_ms)


def turn(visit: Waiting, now: int, plan: Plan, rank: int = 1) -> Turn:
    """Return the key by which a seat takes callers, least first; ``rank`` is the queue's at this seat.

    By priority, then age less credit; or by when the target of the queue runs out. The sequence breaks every tie.
    """
    if plan.order == "target":
        return (rank, 0, visit.since + visit.queue.target_ms, visit.sequence)
    priority = effective_priority(visit.priority, now - visit.since, plan.ageing_ms, plan.priority_bound)
    return (rank, -priority, visit.since, visit.sequence)
