"""Why a call waits, why a seat is idle, and why this seat was chosen: told from the state, without changing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from acd.choice import precedence, suit
from acd.floor import Floor
from acd.lines import VisitState
from acd.matching import Matching
from acd.plan import SeatOrder
from acd.policy import Alternatives, Needs, lacking, meets
from acd.pools import abilities_of
from acd.seating import SeatStatus
from acd.seats import SeatState
from acd.turns import Turn, turn

MOST = 20  # callers that are named; the rest are counted

BarKind: TypeAlias = Literal["owner", "lacks", "state", "missed", "reserve"]
TurnKind: TypeAlias = Literal["rank", "priority", "target", "age", "order"]
_BY: Mapping[str, tuple[TurnKind, ...]] = {
    "priority": ("rank", "priority", "age", "order"),
    "target": ("rank", "priority", "target", "order"),
}


@dataclass(frozen=True, slots=True)
class Bar:
    """What keeps a seat from a caller, the first of these that does.

    ``owner``: he waits for another seat. ``lacks``: what is ``missing``, of which it ``has`` some. ``state``: it is not
    ready. ``missed``: it missed him, and is spared him until ``until``. ``reserve``: it is kept for ``tier``.
    """

    kind: BarKind
    owner: str | None = None
    missing: Needs = ()
    has: Mapping[str, int] = field(default_factory=dict)
    state: SeatState | None = None
    reason: str | None = None
    until: int | None = None
    tier: int | None = None


@dataclass(frozen=True, slots=True)
class Rival:
    """Another caller who is due before one, or after him, and by what: ``theirs`` against ``his``; less goes first.

    These are ranks, priorities (negative), moments when a target runs out, moments of arrival less credit, or numbers
    in the order in which the distributor heard of them.
    """

    visit: str
    queue: str
    by: TurnKind
    theirs: int
    his: int


@dataclass(frozen=True, slots=True)
class Waits:
    """Why a caller waits: any of ``needs`` is enough; ``ahead`` share seats with him and are due before him.

    ``widened_after_ms`` is the step of widening that he has come to. ``waits_for`` is the owner who is asked first.
    """

    visit: str
    queue: str
    needs: Alternatives
    widened_after_ms: int
    waited_ms: int
    priority: int
    offer: str | None
    held: bool
    aside_until: int | None
    waits_for: str | None
    ahead: int
    first_ahead: tuple[Rival, ...]
    seats: Mapping[str, Bar | None]


@dataclass(frozen=True, slots=True)
class Idle:
    """Why a seat is idle: its state, and what keeps each waiting caller from it, the first in turn first."""

    seat: str
    state: SeatState
    since: int
    reason: str | None
    until: int | None
    offer: str | None
    held: bool
    waiting: int
    callers: Mapping[str, Bar | None]


@dataclass(frozen=True, slots=True)
class Possible:
    """A seat that may have a call, with all that the order of seats looks at.

    ``preferred`` counts the skills that its queue prefers. ``levels`` are those that ``best-skilled`` wants many, and
    ``least-skilled`` few of. ``turn`` is the number of its last offer of this queue (0: none yet).
    """

    seat: str
    preferred: int
    levels: int
    occupancy: float
    turn: int
    idle_ms: int


@dataclass(frozen=True, slots=True)
class Choice:
    """Which seats a call may have now, the best first by the rule of its queue."""

    rule: SeatOrder | Literal["owner"]
    prefer: tuple[str, ...]
    possible: tuple[Possible, ...]


@dataclass(frozen=True, slots=True)
class Due:
    """Whose turn it is at a seat that is free, of all whom it may have; ``after`` him come ``first_after``."""

    visit: str | None
    after: int
    first_after: tuple[Rival, ...]


def visit(floor: Floor, matching: Matching, waiting: VisitState, now: int) -> Waits:
    """Return what a caller needs now, what rules out each seat, and who is due before him, and why."""
    his = turn(waiting, now, floor.plan)
    ahead = [
        (theirs, other)
        for pool, _ in floor.lines.ahead_of(waiting, now)
        for line in pool.waiting.values()
        for other in line
        if (theirs := turn(other, now, floor.plan)) < his
    ]
    ahead.sort(key=lambda one: one[0])
    return Waits(
        visit=waiting.id,
        queue=waiting.queue.name,
        needs=waiting.pool.ways,
        widened_after_ms=waiting.stage.after_ms,
        waited_ms=now - waiting.arrived,
        priority=-his[1] if floor.plan.order == "priority" else waiting.priority,
        offer=waiting.offer,
        held=_held(floor, now),
        aside_until=waiting.aside_until,
        waits_for=waiting.waits_for,
        ahead=len(ahead),
        first_ahead=tuple(_rival(other, theirs, his, floor) for theirs, other in ahead[:MOST]),
        seats={name: rules_out(matching, seat, waiting, now) for name, seat in floor.seating.all.items()},
    )


def seat(floor: Floor, matching: Matching, idle: SeatStatus, now: int) -> Idle:
    """Return the state of a seat, and what keeps each waiting caller from it, the first in turn first."""
    callers = floor.lines.all(now)
    return Idle(
        seat=idle.name,
        state=idle.state,
        since=idle.since,
        reason=idle.reason,
        until=idle.until,
        offer=idle.offer,
        held=_held(floor, now),
        waiting=len(callers),
        callers={one.id: rules_out(matching, idle, one, now) for one in callers[:MOST]},
    )


def choice(floor: Floor, matching: Matching, waiting: VisitState, now: int) -> Choice:
    """Return the ready seats that a caller may have, in the order in which they are chosen."""
    queue, found = waiting.queue, []
    for one in floor.seating.ready.values():
        if rules_out(matching, one, waiting, now) is not None:
            continue
        suits = suit(queue, one.profile.skills, waiting.pool.ways)
        possible = Possible(
            seat=one.name,
            preferred=-suits[0],
            levels=abs(suits[1]),
            occupancy=one.occupancy(now),
            turn=one.turns.get(queue.name, 0),
            idle_ms=now - one.idle_since,
        )
        found.append(((suits, precedence(queue, one, now)), possible))
    rule: SeatOrder | Literal["owner"] = queue.seat_order if waiting.waits_for is None else "owner"
    return Choice(rule, queue.prefer, tuple(seat for _, seat in sorted(found, key=lambda one: one[0])))


def due(floor: Floor, matching: Matching, free: SeatStatus, now: int) -> Due:
    """Return whose turn it is at a ready seat, and who comes after him there, and why."""
    plan, ranks = floor.plan, free.profile.ranks
    found = sorted(
        (
            (turn(one, now, plan, ranks.get(one.queue.name, 1)), one)
            for one in floor.lines.all(now)
            if rules_out(matching, free, one, now) is None
        ),
        key=lambda one: one[0],
    )
    if not found:
        return Due(None, 0, ())
    (his, first), *others = found
    after = tuple(_rival(other, theirs, his, floor) for theirs, other in others[:MOST])
    return Due(first.id, len(others), after)


def rules_out(matching: Matching, one: SeatStatus, waiting: VisitState, now: int) -> Bar | None:
    """Return what keeps a seat and a caller apart; None where nothing does but the turn of others."""
    abilities = abilities_of(one)
    if waiting.waits_for is not None and waiting.waits_for != one.name:
        return Bar("owner", owner=waiting.waits_for)
    if not meets(abilities, waiting.pool.ways):
        missing = min((lacking(abilities, required) for required in waiting.pool.ways), key=len)
        return Bar("lacks", missing=missing, has={s: abilities[s] for s, _ in missing if s in abilities})
    if one.state != "ready":
        return Bar("state", state=one.state, reason=one.reason)
    if waiting.avoids(one.name, now):
        return Bar("missed", until=waiting.avoid[one.name])
    tier = matching.reserved_for(one, waiting.tier)
    return None if tier is None else Bar("reserve", tier=tier)


def _rival(other: VisitState, theirs: Turn, his: Turn, floor: Floor) -> Rival:
    place = next((place for place in range(3) if theirs[place] != his[place]), 3)
    by = _BY[floor.plan.order][place]
    return Rival(other.id, other.queue.name, by, theirs[place], his[place])


def _held(floor: Floor, now: int) -> bool:
    return floor.held_until is not None and floor.held_until > now
