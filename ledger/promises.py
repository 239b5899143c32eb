"""Requests to be called, with what came of them and every try."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from sqlalchemy import and_, func, select

from ledger import schema
from ledger.snapshot import Snapshot
from ledger.tallying import Filter
from ledger.which import of_a_caller, of_call

_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Try:
    """A customer was rung because he had asked for it. ``began`` is when, ``ended`` when that was over, UTC ms."""

    attempt: int
    began: int
    ended: int
    outcome: str


@dataclass(frozen=True, slots=True)
class Promise:
    """A request to be called. ``due`` is the moment that was named; ``outcome`` is None while it is open."""

    callback: str
    queue: str
    asked: int
    due: int | None
    ended: int | None
    outcome: str | None
    tries: tuple[Try, ...]


def promises(snapshot: Snapshot, began: int, ended: int, which: Filter) -> Iterator[Promise]:
    """Yield the requests to be called that were made in a period, with all their tries, one at a time.

    The try at which customer and agent came to speak is the last of them.
    """
    callbacks, tries = schema.callbacks.c, schema.callback_tries.c
    visits, talks = schema.visits.c, schema.conversations.c
    rung, taken = schema.offers.alias(), schema.offers.alias()
    call = func.replace(callbacks.callback, "/cb", "-cb")  # by which the request is met
    met = and_(visits.call == call, visits.outcome == "answered", ~of_a_caller())
    question = (
        select(
            callbacks.callback, callbacks.queue, callbacks.asked, callbacks.due, callbacks.ended, callbacks.outcome,
            tries.attempt, tries.tried, tries.outcome.label("heard"),
            func.coalesce(rung.c.made, tries.tried).label("made"),
            visits.left.label("answered"), func.coalesce(taken.c.made, visits.left).label("taken"),
        )
        .select_from(
            schema.callbacks.outerjoin(schema.callback_tries, tries.callback == callbacks.callback)
            .outerjoin(rung, rung.c.offer == tries.offer)
            .outerjoin(schema.visits, met)
            .outerjoin(schema.conversations, talks.visit == visits.visit)
            .outerjoin(taken, taken.c.offer == talks.offer)
        )
        .where(callbacks.asked >= began, callbacks.asked < ended)
        .where(*of_call(Filter(dnis=which.dnis, flow_version=which.flow_version, tags=which.tags), callbacks.call))
        .order_by(callbacks.asked, callbacks.callback, tries.attempt)
    )  # fmt: skip
    site = snapshot.site if which.site is None else which.site
    if site is not None:
        question = question.where(callbacks.site == site)
    if which.queue is not None:
        question = question.where(callbacks.queue == which.queue)
    rows = snapshot.connection.execute(question.execution_options(yield_per=_AT_ONCE))
    for _, group in groupby(rows, key=attrgetter("callback")):
        parts = list(group)
        first = parts[0]
        made = [
            Try(row.attempt, min(row.made, row.tried), row.tried, row.heard)
            for row in parts
            if row.attempt is not None
        ]
        if first.answered is not None:
            made.append(Try(len(made) + 1, first.taken, first.answered, "answered"))
        yield Promise(
            first.callback, first.queue, first.asked, first.due, first.ended, first.outcome, tuple(made)
        )


def left_while_away(snapshot: Snapshot, began: int, ended: int, *, site: str | None = None) -> int:
    """Return how many numbers were left in a period while the engine was away."""
    notes = schema.callbacks_noted.c
    question = select(func.count()).where(notes.noted >= began, notes.noted < ended)
    site = snapshot.site if site is None else site
    if site is not None:
        question = question.where(notes.site == site)
    return snapshot.connection.scalar(question) or 0
