"""What each seat did with its signed-in time: its states, cut at the edges of a period."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, case, cast, exists, func, select, union_all

from ledger import schema
from ledger.errors import LedgerError
from ledger.presence import at_site, touching
from ledger.snapshot import Snapshot


class StatesOverlap(LedgerError):
    """A seat was in two states at once, so its times would add up to more than it was signed in."""

    def __init__(self, seat: str, at: int) -> None:
        self.seat, self.at = seat, at
        super().__init__(
            f"the states of seat {seat!r} overlap at {at} (UTC ms), so no time of it can be trusted: the ledger was "
            "changed by hand, or by another version of this program; hotline audit lists where"
        )


@dataclass(slots=True)
class Shift:
    """What a seat did in a period: how long it was signed in, ms, and in which states; not-ready by reason too."""

    signed_in_ms: int = 0
    states: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    pauses: dict[str, int] = field(default_factory=dict)  # how often, by reason

    def of(self, state: str) -> int:
        """Return how long it was in a state, ms."""
        return self.states.get(state, 0)

    def add(self, more: Shift) -> None:
        """Add another seat's."""
        self.signed_in_ms += more.signed_in_ms
        for mine, others in (
            (self.states, more.states),
            (self.reasons, more.reasons),
            (self.pauses, more.pauses),
        ):
            for name, count in others.items():
                mine[name] = mine.get(name, 0) + count


def shifts(
    snapshot: Snapshot,
    began: int,
    ended: int,
    as_of: int,
    *,
    site: str | None = None,
    seat: str | None = None,
) -> dict[str, Shift]:
    """Return what the seats did from ``began`` to ``ended``, by seat; what goes on has lasted until ``as_of``.

    Signed-in time is what the states cover together. Raises `StatesOverlap` when they do not tile it.
    """
    found: dict[str, Shift] = {}
    parts = _parts(began, ended, as_of, snapshot.site if site is None else site, seat)
    for name, state, reason, spent, times, overlap in snapshot.connection.execute(parts):
        if overlap is not None:
            raise StatesOverlap(name, overlap)
        shift = found.setdefault(name, Shift())
        shift.signed_in_ms += spent
        shift.states[state] = shift.of(state) + spent
        if state == "not-ready":
            shift.reasons[reason] = spent
            shift.pauses[reason] = times
    return found


def _parts(began: int, ended: int, as_of: int, site: str | None, seat: str | None) -> Select[Any]:
    """Ask by seat, state and reason how long and how often; and where states overlap."""
    states = schema.seat_states.c
    wanted = []
    if site is not None:
        wanted.append(at_site(schema.seat_states, site))
    if seat is not None:
        wanted.append(states.seat == seat)
    until = func.coalesce(states.ended, as_of)
    columns = (
        states.seat,
        states.state,
        func.coalesce(states.reason, "").label("reason"),
        case((states.began > began, states.began), else_=began).label("first"),
        case((until < ended, until), else_=ended).label("last"),
        case((_overlaps(as_of), states.began)).label("overlap"),
    )
    touched = [
        select(*columns).where(touches, *wanted) for touches in touching(schema.seat_states, began, ended)
    ]
    cut = union_all(*touched).subquery().c
    spent = cast(func.sum(cut.last - cut.first), BigInteger)
    by = (cut.seat, cut.state, cut.reason)
    question = select(*by, spent, func.count(), func.min(cut.overlap)).where(cut.last > cut.first)
    return question.group_by(*by).order_by(*by)


def _overlaps(as_of: int) -> ColumnElement[bool]:
    """Say that a state began before the one before it was over. Their numbers tell, and are the key."""
    states, former = schema.seat_states.c, schema.seat_states.alias().c
    return exists().where(
        former.site == states.site,
        former.node == states.node,
        former.seat == states.seat,
        former.interval == states.interval - 1,
        func.coalesce(former.ended, as_of) > states.began,
    )
