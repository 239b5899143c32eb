"""The order of seats: which of those that are ready gets a call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeAlias

from acd.plan import QueuePlan
from acd.policy import Alternatives, can_serve

Suit: TypeAlias = tuple[int, int, int]
BY_SEAT = frozenset({"least-busy", "round-robin"})  # these look at each seat; the others at its skills alone


class Candidate(Protocol):
    """What the order of seats looks at."""

    @property
    def name(self) -> str:
        """The seat's name: breaks ties."""

    @property
    def idle_since(self) -> int:
        """When the seat last fell free of a call or signed in, ms."""

    @property
    def turns(self) -> Mapping[str, int]:
        """The number of the last offer that it had of each queue."""

    def occupancy(self, now: int) -> float:
        """Return the share of its time in which it was busy with calls."""


def suit(queue: QueuePlan, skills: Mapping[str, int], ways: Alternatives) -> Suit:
    """Return how well these skills suit a call, least best: the preferred ones first, then as the queue orders.

    ``best-skilled`` wants most levels in what is needed, then in what is preferred; ``least-skilled`` wants fewest
    levels beyond what is needed, so that experts stay free. Of several ways to serve the best counts.
    """
    preferred = [skills[skill] for skill in queue.prefer if skill in skills]
    served = [required for required in ways if can_serve(skills, required)]
    if queue.seat_order == "best-skilled":
        best = max((sum(skills[skill] for skill, _ in required) for required in served), default=0)
        return (-len(preferred), -best, -sum(preferred))
    if queue.seat_order == "least-skilled":
        total = sum(level for skill, level in skills.items() if skill[0] not in "@%")
        asked = max(
            (sum(level for s, level in required if s[0] not in "@%") for required in served), default=0
        )
        return (-len(preferred), total - asked, 0)
    return (-len(preferred), 0, 0)


def precedence(queue: QueuePlan, seat: Candidate, now: int) -> tuple[float, int, str]:
    """Return the key among seats that suit alike, least first: as the queue orders, then longest idle, then name."""
    if queue.seat_order == "least-busy":
        return (seat.occupancy(now), seat.idle_since, seat.name)
    if queue.seat_order == "round-robin":
        return (seat.turns.get(queue.name, 0), seat.idle_since, seat.name)
    return (0, seat.idle_since, seat.name)
