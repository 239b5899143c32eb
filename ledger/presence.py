"""What went on at each time, whenever it began: who talked, and what the seats did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import BigInteger, ColumnElement, Table, TextClause, and_, case, cast, func, or_, select, text

from ledger import schema
from ledger.rollup_schema import DAYS_MS, LONG_MS
from ledger.snapshot import Snapshot
from ledger.tallying import Filter


@dataclass(frozen=True, slots=True)
class Presence:
    """What the seats did in a period: time by state, ms, and how many different seats were signed in."""

    states: Mapping[str, int]
    seats: int

    @property
    def signed_in_ms(self) -> int:
        """The signed-in time of all seats together."""
        return sum(self.states.values())


def presence(snapshot: Snapshot, began: int, ended: int, as_of: int) -> Presence:
    """Return what the seats did from ``began`` to ``ended``; what goes on has lasted until ``as_of``."""
    states = schema.seat_states.c
    spent: dict[str, int] = defaultdict(int)
    seats = set()
    for inside in touching(schema.seat_states, began, ended):
        lasted = _overlap(schema.seat_states, began, ended, as_of)
        question = select(states.node, states.seat, states.state, func.sum(lasted)).where(inside)
        if snapshot.site is not None:
            question = question.where(at_site(schema.seat_states, snapshot.site))
        for node, seat, state, ms in snapshot.connection.execute(
            question.group_by(states.node, states.seat, states.state)
        ):
            spent[state] += int(ms)
            seats.add((node, seat))
    return Presence(dict(spent), len(seats))


def talking(snapshot: Snapshot, began: int, ended: int, as_of: int, which: Filter) -> dict[str, int]:
    """Return by queue how long conversations lasted within a period, ms; those that go on, until ``as_of``."""
    talks, visits = schema.conversations, schema.visits.c
    spent: dict[str, int] = defaultdict(int)
    # Of each conversation its visit is looked up; joined, SQLite may begin with all visits instead.
    queue = select(visits.queue).where(visits.visit == talks.c.visit, *which.conditions()).scalar_subquery()
    for inside in touching(talks, began, ended):
        lasted = _overlap(talks, began, ended, as_of)
        # The offset keeps SQLite from asking for the queue again wherever it is named below.
        each = select(queue.label("queue"), lasted.label("ms")).where(inside).offset(0).subquery().c
        question = select(each.queue, func.sum(each.ms)).where(each.queue.is_not(None)).group_by(each.queue)
        for name, ms in snapshot.connection.execute(question):
            spent[name] += int(ms)
    return dict(spent)


def touching(table: Table, began: int, ended: int) -> Iterator[ColumnElement[bool]]:
    """Yield conditions, each with an index of its own: what began lately, what lasted long, or days, what goes on."""
    t, lately, yesterday = table.c, began - LONG_MS, began - DAYS_MS
    yield and_(t.began >= lately, t.began < ended, or_(t.ended.is_(None), t.ended > began))
    yield and_(t.began >= yesterday, t.began < lately, t.ended > began, _lasted(table, LONG_MS))
    yield and_(t.began < yesterday, t.ended > began, _lasted(table, DAYS_MS))
    # A sum has no index: by that on the beginning, all that ever began before would be looked at.
    yield and_(t.began + 0 < lately, t.ended.is_(None))


def _lasted(table: Table, least: int) -> TextClause:
    """Say that a row lasted longer, in the words of the index: in others SQLite does not know it again."""
    return text(f"{table.name}.ended - {table.name}.began > {least}")


def at_site(table: Table, site: str) -> ColumnElement[bool]:
    """Say that a row is of a site; in such words that no index on it is taken, for nearly all rows are."""
    return table.c.site + "" == site


def _overlap(table: Table, began: int, ended: int, as_of: int) -> ColumnElement[int]:
    t, until = table.c, func.coalesce(table.c.ended, as_of)
    first = case((t.began > began, t.began), else_=began)
    last = case((until < ended, until), else_=ended)
    return cast(case((last > first, last - first), else_=0), BigInteger)
