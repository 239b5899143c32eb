"""What each seat was offered, what it made of it, and how its callers marked it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, case, cast, func, or_, select

from ledger import schema
from ledger.snapshot import Snapshot
from ledger.tallying import Filter
from ledger.which import of_a_caller, of_call

RINGING = "ringing"  # where the outcome of a ring stands that goes on


@dataclass(slots=True)
class Scorecard:
    """The work of a seat in a period: rings by outcome, its conversations that are over, and its marks.

    Times are in ms; talk contains hold. ``passed_on`` are conversations after which the same call went on to another
    queue, or to a number outside. ``callbacks`` are conversations that a call-back led to: only they count there.
    """

    rings: dict[str, int] = field(default_factory=dict)
    handled: int = 0
    talk_ms: int = 0
    hold_ms: int = 0
    wrap_up_ms: int = 0
    passed_on: int = 0
    callbacks: int = 0
    marks: int = 0
    marks_sum: int = 0

    def add(self, more: Scorecard) -> None:
        """Add another seat's."""
        for outcome, count in more.rings.items():
            self.rings[outcome] = self.rings.get(outcome, 0) + count
        for name in (
            "handled", "talk_ms", "hold_ms", "wrap_up_ms", "passed_on", "callbacks", "marks", "marks_sum"
        ):  # fmt: skip
            setattr(self, name, getattr(self, name) + getattr(more, name))


def scorecards(snapshot: Snapshot, began: int, ended: int, which: Filter) -> dict[str, Scorecard]:
    """Return the scorecard of each seat that had anything to do in a period.

    An offer belongs to the period in which it was made, a conversation to that in which it began, a mark to that in
    which it was given.
    """
    found: dict[str, Scorecard] = {}
    for seat, outcome, count in _rings(snapshot, began, ended, which):
        found.setdefault(seat, Scorecard()).rings[outcome] = count
    for seat, own, count, talk, passed_on in _talks(snapshot, began, ended, which):
        card = found.setdefault(seat, Scorecard())
        if own:
            card.handled, card.talk_ms, card.passed_on = count, int(talk), int(passed_on)
        else:
            card.callbacks = count
    for seat, state, lasted in _states(snapshot, began, ended, which):
        card = found.setdefault(seat, Scorecard())
        if state == "hold":
            card.hold_ms = int(lasted)
        else:
            card.wrap_up_ms = int(lasted)
    for seat, count, total in _marks(snapshot, began, ended, which):
        card = found.setdefault(seat, Scorecard())
        card.marks, card.marks_sum = count, int(total)
    return found


def _rings(snapshot: Snapshot, began: int, ended: int, which: Filter) -> Sequence[Any]:
    offers, rings, visits = schema.offers.c, schema.rings.c, schema.visits.c
    outcome = func.coalesce(rings.outcome, RINGING).label("how")
    question = (
        select(rings.seat, outcome, func.count())
        # By the call too, of which the rings have an index.
        .join_from(schema.offers, schema.rings, and_(rings.call == offers.call, rings.offer == offers.offer))
        .join(schema.visits, visits.visit == offers.visit)
        .where(offers.made >= began, offers.made < ended, of_a_caller())
        .where(*_of(which, rings.seat))
        .group_by(rings.seat, outcome)
    )
    return snapshot.connection.execute(question).all()


def _talks(snapshot: Snapshot, began: int, ended: int, which: Filter) -> Sequence[Any]:
    talks, visits, transfers = schema.conversations.c, schema.visits.c, schema.transfers.c
    later = schema.visits.alias()
    own = of_a_caller().label("own")
    queued = select(1).where(
        later.c.call == talks.call, later.c.arrived >= talks.ended, later.c.visit != talks.visit
    )
    outside = select(1).where(transfers.call == talks.call, transfers.ended >= talks.ended)
    passed_on = case((or_(queued.exists(), outside.exists()), 1), else_=0)
    question = (
        select(talks.seat, own, func.count(), _sum(talks.talk_ms), _sum(passed_on))
        .join_from(schema.conversations, schema.visits, visits.visit == talks.visit)
        .where(talks.began >= began, talks.began < ended, talks.talk_ms.is_not(None))
        .where(talks.seat.is_not(None), *_of(which, talks.seat))
        .group_by(talks.seat, own)
    )
    return snapshot.connection.execute(question).all()


def _states(snapshot: Snapshot, began: int, ended: int, which: Filter) -> Sequence[Any]:
    """Return hold and wrap-up of the conversations that are over, whenever these states ended."""
    talks, visits, states = schema.conversations.c, schema.visits.c, schema.seat_states.c
    question = (
        select(talks.seat, states.state, _sum(states.ended - states.began))
        .join_from(schema.conversations, schema.visits, visits.visit == talks.visit)
        .join(schema.seat_states, states.offer == talks.offer)
        .where(talks.began >= began, talks.began < ended, talks.talk_ms.is_not(None), of_a_caller())
        .where(states.state.in_(("hold", "wrap-up")), states.ended.is_not(None))
        .where(talks.seat.is_not(None), *_of(which, talks.seat))
        .group_by(talks.seat, states.state)
    )
    return snapshot.connection.execute(question).all()


def _marks(snapshot: Snapshot, began: int, ended: int, which: Filter) -> Sequence[Any]:
    answers = schema.survey_answers.c
    question = (
        select(answers.seat, func.count(), _sum(answers.answer))
        .where(answers.answered >= began, answers.answered < ended, answers.seat.is_not(None))
        .where(*of_call(replace(which, queue=None, seat=None), answers.call))
        .group_by(answers.seat)
    )
    if which.queue is not None:
        question = question.where(answers.queue == which.queue)
    if which.seat is not None:
        question = question.where(answers.seat == which.seat)
    return snapshot.connection.execute(question).all()


def _of(which: Filter, seat: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    """Return what must be true of a visit and of the seat that it rang, which need not be the one that answered."""
    wanted = replace(which, seat=None).conditions()
    return wanted if which.seat is None else [*wanted, seat == which.seat]


def _sum(column: ColumnElement[Any]) -> ColumnElement[int]:
    return cast(func.sum(column), BigInteger)
