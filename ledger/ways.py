"""The ways of callers through the menus: each call's nodes in order, with what came of the call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from sqlalchemy import ColumnElement, ScalarSelect, exists, func, or_, select

from ledger import schema
from ledger.snapshot import Snapshot
from ledger.tallying import Filter
from ledger.which import began_within, by_callers, chosen, of_a_caller

_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Stop:
    """A stay of a call at a node, UTC ms. ``exit`` is None where the call was gone, or its engine, before it left."""

    flow: str
    node: str
    entered: int
    left: int | None
    exit: str | None


@dataclass(frozen=True, slots=True)
class Way:
    """A call's way. ``asked``: it came to want a person: it waited for one, was to be called or put through.

    A message left for somebody is such a wish, too. ``talked`` is when a person last answered it, UTC ms; ``outcome``
    is None while it lasts.
    """

    call: str
    flow: str
    flow_version: str
    outcome: str | None
    asked: bool
    talked: int | None
    stops: Sequence[Stop]


def ways(snapshot: Snapshot, began: int, ended: int, which: Filter) -> Iterator[Way]:
    """Yield the way of each caller's call that began in a period and came to a node, one at a time."""
    calls, path = schema.calls.c, schema.path.c
    asked, talked = _asked(began).label("asked"), _talked().label("talked")
    question = (
        select(
            calls.call, calls.flow, calls.flow_version, calls.outcome, asked, talked,
            path.flow.label("within"), path.flow_node, path.entered, path.left, path.exit,
        )
        .join_from(schema.calls, schema.path, path.call == calls.call)
        .where(began_within(began, ended), by_callers(), *chosen(which))
        .order_by(calls.began, calls.call, path.step)
    )  # fmt: skip
    rows = snapshot.connection.execute(question.execution_options(yield_per=_AT_ONCE))
    for _, steps in groupby(rows, key=attrgetter("call")):
        parts = list(steps)
        first = parts[0]
        stops = [Stop(row.within, row.flow_node, row.entered, row.left, row.exit) for row in parts]
        yield Way(
            first.call, first.flow, first.flow_version, first.outcome, bool(first.asked), first.talked, stops
        )


def _asked(since: int) -> ColumnElement[bool]:
    calls, visits, transfers = schema.calls.c, schema.visits.c, schema.transfers.c
    callbacks, recordings = schema.callbacks.c, schema.recordings.c
    return or_(
        exists().where(visits.call == calls.call, of_a_caller()),
        exists().where(transfers.call == calls.call),
        # These have no index of calls, so they are gone through once for all.
        calls.call.in_(select(callbacks.call).where(callbacks.asked >= since)),
        calls.call.in_(select(recordings.call).where(recordings.kept >= since)),
    )


def _talked() -> ScalarSelect[int]:
    """Ask when a person last answered the call."""
    visits = schema.visits.c
    answered = select(func.max(visits.left)).where(visits.call == schema.calls.c.call, of_a_caller())
    return answered.where(visits.outcome == "answered").scalar_subquery()
