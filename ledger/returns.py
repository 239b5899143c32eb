"""Who called again: callers who gave up and what came of it, and all calls by number, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import and_, func, select

from ledger import schema
from ledger.snapshot import Snapshot
from ledger.tallying import Filter
from ledger.which import began_within, by_callers, chosen, of_a_caller

_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Abandon:
    """A caller who gave up waiting. ``ani`` is empty where the call's beginning is not known. Times in UTC ms."""

    visit: str
    call: str
    ani: str
    dnis: str
    queue: str
    arrived: int
    left: int
    wait_ms: int


@dataclass(frozen=True, slots=True)
class Answer:
    """A caller who was answered at ``at``, UTC ms; ``callback``: because we called him."""

    ani: str
    at: int
    callback: bool


@dataclass(frozen=True, slots=True)
class Contact:
    """A call of a caller. ``queue`` and ``seat`` are where it was answered last; None where it never was.

    ``chosen``: it is one of those that were asked for, not only one that came after them.
    """

    call: str
    ani: str
    began: int
    queue: str | None
    seat: str | None
    chosen: bool


def abandons(snapshot: Snapshot, began: int, ended: int, which: Filter) -> list[Abandon]:
    """Return the callers who arrived in a queue in a period and gave up, by arrival."""
    begun = schema.calls.alias()  # for a filter looks at calls, too
    visits, calls = schema.visits.c, begun.c
    question = (
        select(
            visits.visit, visits.call, func.coalesce(calls.ani, ""), func.coalesce(calls.dnis, ""),
            visits.queue, visits.arrived, visits.left, visits.wait_ms,
        )
        .select_from(schema.visits.outerjoin(begun, calls.call == visits.call))
        .where(visits.arrived >= began, visits.arrived < ended, visits.outcome == "abandoned", of_a_caller())
        .where(*which.conditions())
        .order_by(visits.arrived, visits.visit)
    )  # fmt: skip
    return [Abandon(*row) for row in snapshot.connection.execute(question)]


def answers(snapshot: Snapshot, began: int, ended: int, *, site: str | None = None) -> Iterator[Answer]:
    """Yield who was answered in a period, in order, among those who gave up in it; by a seat of the same site."""
    visits, calls = schema.visits.c, schema.calls.c
    site = snapshot.site if site is None else site
    gave_up = (
        select(calls.ani)
        .join_from(schema.visits, schema.calls, calls.call == visits.call)
        .where(visits.arrived >= began, visits.arrived < ended, visits.outcome == "abandoned")
    )
    question = (
        select(calls.ani, visits.left, ~of_a_caller())
        .join_from(schema.visits, schema.calls, calls.call == visits.call)
        .where(visits.left >= began, visits.left < ended, visits.outcome == "answered")
        # Of arrivals there is an index; nobody waits for longer than a day.
        .where(visits.arrived >= began - 86_400_000, visits.arrived < ended)
        .where(calls.ani.in_(gave_up))
        .order_by(visits.left, visits.visit)
    )
    if site is not None:
        question = question.where(visits.site == site)
    for ani, at, callback in snapshot.connection.execute(question.execution_options(yield_per=_AT_ONCE)):
        yield Answer(ani, at, bool(callback))


def contacts(snapshot: Snapshot, began: int, ended: int, until: int, which: Filter) -> Iterator[Contact]:
    """Yield calls by number, and each number's in order.

    Asked for are those that began from ``began`` to ``ended``; all others that began ``until`` come with them.
    """
    calls, visits = schema.calls.c, schema.visits.c
    wanted = and_(began_within(began, ended), *chosen(which)).label("wanted")
    answered = and_(visits.call == calls.call, visits.outcome == "answered", of_a_caller())
    question = (
        select(calls.ani, calls.call, calls.began, visits.queue, visits.seat, wanted)
        .select_from(schema.calls.outerjoin(schema.visits, answered))
        .where(began_within(began, until), by_callers())
        .order_by(calls.ani, calls.began, calls.call, visits.arrived)
    )
    site = snapshot.site if which.site is None else which.site
    if site is not None:
        question = question.where(calls.site == site)
    last: Contact | None = None  # of several answers the last counts
    for row in snapshot.connection.execute(question.execution_options(yield_per=_AT_ONCE)):
        if last is not None and last.call != row.call:
            yield last
        last = Contact(row.call, row.ani, row.began, row.queue, row.seat, bool(row.wanted))
    if last is not None:
        yield last
