"""The rules of distribution as pure functions: who can serve whom, who goes first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeAlias, TypeVar

Needs: TypeAlias = tuple[tuple[str, int], ...]  # sorted (skill, least level): equal needs are equal keys


def needs(*required: Mapping[str, int]) -> Needs:
    """Return all that is required together; of two levels of one skill the higher counts."""
    together: dict[str, int] = {}
    for one in required:
        for skill, level in one.items():
            together[skill] = max(level, together.get(skill, 0))
    return tuple(sorted(together.items()))


def can_serve(skills: Mapping[str, int], required: Needs) -> bool:
    """Tell whether a seat has every skill at its level. A skill that it does not list never matches."""
    return all(skill in skills and skills[skill] >= level for skill, level in required)


class Waiting(Protocol):
    """What the order of callers looks at."""

    @property
    def priority(self) -> int:
        """Higher goes first."""

    @property
    def arrived(self) -> int:
        """When the visit began, ms."""

    @property
    def sequence(self) -> int:
        """The order in which the distributor heard of it: breaks ties."""


def turn(visit: Waiting) -> tuple[int, int, int]:
    """Return the key by which callers are served, least first: priority, then age, then sequence."""
    return (-visit.priority, visit.arrived, visit.sequence)


class Idle(Protocol):
    """What the order of seats looks at."""

    @property
    def name(self) -> str:
        """The seat's name: breaks ties."""

    @property
    def idle_since(self) -> int:
        """When the seat last fell free of a call or signed in, ms."""


S = TypeVar("S", bound=Idle)


def longest_idle(seats: Iterable[S]) -> S | None:
    """Return the seat that has been free longest."""
    return min(seats, key=lambda seat: (seat.idle_since, seat.name), default=None)
