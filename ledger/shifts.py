"""What each seat did with its signed-in time: its states, cut at the edges of a period."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import Row, select, union_all

from ledger import schema
from ledger.errors import LedgerError
from ledger.presence import touching
from ledger.snapshot import Snapshot

_AT_ONCE = 2_000


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
    whose, covered = None, 0
    for row in _intervals(snapshot, began, ended, site, seat):
        if whose != (row.site, row.node, row.seat):
            whose, covered = (row.site, row.node, row.seat), began
        first = max(row.began, began)
        last = min(as_of if row.ended is None else row.ended, ended)
        if last <= first:
            continue
        if first < covered:
            raise StatesOverlap(row.seat, first)
        covered = last
        shift = found.setdefault(row.seat, Shift())
        shift.signed_in_ms += last - first
        shift.states[row.state] = shift.of(row.state) + last - first
        if row.state == "not-ready":
            reason = row.reason or ""
            shift.reasons[reason] = shift.reasons.get(reason, 0) + last - first
            shift.pauses[reason] = shift.pauses.get(reason, 0) + 1
    return found


def _intervals(
    snapshot: Snapshot, began: int, ended: int, site: str | None, seat: str | None
) -> Iterator[Row[tuple[str, str, str, int, str, str | None, int, int | None]]]:
    """Yield the intervals that touch a period, by seat, in order."""
    states = schema.seat_states.c
    site = snapshot.site if site is None else site
    wanted = []
    if site is not None:
        wanted.append(states.site == site)
    if seat is not None:
        wanted.append(states.seat == seat)
    columns = (
        states.site, states.node, states.seat, states.interval, states.state, states.reason, states.began, states.ended
    )  # fmt: skip
    parts = [select(*columns).where(inside, *wanted) for inside in touching(schema.seat_states, began, ended)]
    all_parts = union_all(*parts).subquery()
    ordered = select(all_parts).order_by(*(all_parts.c[n] for n in ("site", "node", "seat", "interval")))
    yield from snapshot.connection.execute(ordered.execution_options(yield_per=_AT_ONCE))
