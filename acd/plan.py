"""What the distributor is told beforehand: queues, seats, and the rules of the house. All times in ms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, TypeAlias

SeatOrder: TypeAlias = Literal["longest-idle", "least-busy", "best-skilled", "least-skilled", "round-robin"]
MOST_RINGS = 5


class PlanError(ValueError):
    """The plan contradicts itself; the text says where."""


@dataclass(frozen=True, slots=True)
class Step:
    """What changes for a caller who has waited ``after_ms``: his needs, and who else may serve him.

    ``skills`` are needed from now on at the levels given here, lower or higher than before; those in ``drop``
    no longer. Besides, seats of these ``groups`` may serve him, and seats that serve the queue ``partner``.
    """

    after_ms: int
    skills: Mapping[str, int] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    partner: str | None = None


@dataclass(frozen=True, slots=True)
class QueuePlan:
    """One queue: whom it needs, how a seat is found and rung, and its limits (None: no limit).

    Only seats of its ``groups`` serve it, where any are named. Skills in ``prefer`` are wanted, not needed.
    ``ring_all`` seats ring at once, the first to answer wins. A call with an owner waits ``owner_ms`` for him. One that
    is ``closed`` takes no new callers; those who wait in it are served.
    """

    name: str
    skills: Mapping[str, int]
    ring_ms: int = 20_000
    wrap_up_ms: int = 10_000
    priority: int = 0
    capacity: int | None = None
    longest_wait_ms: int | None = None
    longest_estimate_ms: int | None = None
    target_ms: int = 20_000
    prefer: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    seat_order: SeatOrder = "longest-idle"
    ring_all: int = 1
    owner_ms: int = 30_000
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Reserve:
    """Keep ``keep`` ready seats that have a skill free of calls below a tier."""

    skill: str
    level: int
    keep: int
    tier: int


def own_skill(seat: str) -> str:
    """Return the skill that one seat alone has: to need it is to want nobody else."""
    return f"@{seat}"


def group_skill(group: str) -> str:
    """Return the skill that the seats of a group have, and no others."""
    return f"%{group}"


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole of it. ``seats`` maps a seat's name to its skills and their levels, 1–5.

    A seat that let ``misses_allowed`` offers in a row ring out (RONA), or refused them, is not ready for
    ``missed_pause_ms``; one whose phone was busy with something else for ``busy_pause_ms``; one whose phone
    could not be reached is tried again after ``unreachable_pause_ms`` if nothing is heard of it before, and after
    ``unreachable_off_ms`` no longer counts as on duty. A call is not offered again within ``refused_pause_ms`` to a
    seat that missed it. An offer of which nothing was heard ``grace_ms`` after its ring time is given up. A
    call-back whose customer did not answer is tried again after ``callback_retry_ms``, if nobody says when.

    ``groups`` maps a group to its seats; ``ranks`` a seat to its queues' ranks there (1 where none is given, less goes
    first); ``wrap_ups`` a seat to its own wrap-up time. By the order ``priority`` a caller gains one step for each
    ``ageing_ms`` that he waits, up to ``priority_bound``; by the order ``target`` the one goes first whose queue's
    target runs out first. Raises `PlanError`.
    """

    queues: Mapping[str, QueuePlan]
    seats: Mapping[str, Mapping[str, int]]
    misses_allowed: int = 1
    missed_pause_ms: int = 60_000
    busy_pause_ms: int = 15_000
    unreachable_pause_ms: int = 30_000
    unreachable_off_ms: int = 60_000
    refused_pause_ms: int = 30_000
    grace_ms: int = 5_000
    callback_retry_ms: int = 900_000
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ranks: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    wrap_ups: Mapping[str, int] = field(default_factory=dict)
    reserves: tuple[Reserve, ...] = ()
    order: Literal["priority", "target"] = "priority"
    ageing_ms: int | None = None
    priority_bound: int = 10

    def __post_init__(self) -> None:
        for queue in self.queues.values():
            self._check(queue)

    def _check(self, queue: QueuePlan) -> None:
        where = f"queue {queue.name}"
        if not 1 <= queue.ring_all <= MOST_RINGS:
            raise PlanError(
                f"{where}: ring_all is {queue.ring_all}; let 1 to {MOST_RINGS} seats ring at once"
            )
        if any(later.after_ms < earlier.after_ms for earlier, later in pairwise(queue.steps)):
            raise PlanError(f"{where}: its steps are out of order; put the earlier first")
        partners = {step.partner for step in queue.steps if step.partner is not None}
        if unknown := sorted(partners - self.queues.keys()):
            raise PlanError(f"{where}: its partner {unknown[0]} is not a queue; name one that is")
        groups = {*queue.groups, *(group for step in queue.steps for group in step.groups)}
        if unknown := sorted(groups - self.groups.keys()):
            raise PlanError(f"{where}: there is no group {unknown[0]}; name its seats in groups")
