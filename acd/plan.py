"""What the distributor is told beforehand: queues, seats, and the rules of the house. All times in ms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QueuePlan:
    """One queue: whom it needs, how long a seat rings, and its limits (None: no limit)."""

    name: str
    skills: Mapping[str, int]
    ring_ms: int = 20_000
    wrap_up_ms: int = 10_000
    priority: int = 0
    capacity: int | None = None
    longest_wait_ms: int | None = None


def own_skill(seat: str) -> str:
    """Return the skill that one seat alone has: to need it is to want nobody else."""
    return f"@{seat}"


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole of it. ``seats`` maps a seat's name to its skills and their levels, 1–5.

    A seat that let ``misses_allowed`` offers in a row ring out (RONA), or refused them, is not ready for
    ``missed_pause_ms``; one whose phone was busy with something else for ``busy_pause_ms``; one whose phone
    could not be reached is tried again after ``unreachable_pause_ms`` if nothing is heard of it before. A
    call is not offered again within ``refused_pause_ms`` to a seat that missed it. An offer of which nothing
    was heard ``grace_ms`` after its ring time is given up.
    """

    queues: Mapping[str, QueuePlan]
    seats: Mapping[str, Mapping[str, int]]
    misses_allowed: int = 1
    missed_pause_ms: int = 60_000
    busy_pause_ms: int = 15_000
    unreachable_pause_ms: int = 30_000
    refused_pause_ms: int = 30_000
    grace_ms: int = 5_000
