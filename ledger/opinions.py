"""What callers answered to surveys, and who of those that were asked."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, distinct, exists, func, select

from ledger import schema
from ledger.snapshot import Snapshot
from ledger.tallying import Filter
from ledger.which import by_callers, chosen, of_call

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Mark:
    """How often an answer, 1–5, was given to a question, about a seat and in a queue; both None where none answered."""

    survey: str
    question: str
    queue: str | None
    seat: str | None
    answer: int
    count: int


@dataclass(frozen=True, slots=True)
class Response:
    """How many calls came to a survey, and how many of these answered a question of it."""

    survey: str
    asked: int
    responded: int


def marks(snapshot: Snapshot, began: int, ended: int, which: Filter) -> list[Mark]:
    """Return the answers given in a period, counted."""
    answers = schema.survey_answers.c
    same = (answers.survey, answers.question, answers.queue, answers.seat, answers.answer)
    question = (
        select(*same, func.count())
        .where(answers.answered >= began, answers.answered < ended)
        .where(*_about(which))
        .group_by(*same)
        .order_by(*same)
    )
    return [Mark(*row) for row in snapshot.connection.execute(question)]


def responses(snapshot: Snapshot, began: int, ended: int, which: Filter) -> list[Response]:
    """Return how many responded, of the calls that came to a survey in a period; without a filter by queue or seat.

    Surveys are known by their answers: one that never had any is not counted.
    """
    calls, path, answers = schema.calls.c, schema.path.c, schema.survey_answers.c
    surveys = select(answers.survey).where(answers.answered >= began)
    came = (
        select(path.flow_node.label("survey"), path.call)
        .distinct()
        .join_from(schema.calls, schema.path, path.call == calls.call)
        # Of a call's beginning there is an index, and no call lasts for longer than a day.
        .where(calls.began >= began - _DAY_MS, calls.began < ended, by_callers(), *chosen(_calls(which)))
        .where(path.entered >= began, path.entered < ended, path.flow_node.in_(surveys))
        .subquery()
        .c
    )
    answered = exists().where(and_(answers.call == came.call, answers.survey == came.survey))
    asked = select(came.survey, func.count(distinct(came.call)).label("calls")).group_by(came.survey)
    responded = {row.survey: row.calls for row in snapshot.connection.execute(asked.where(answered))}
    return [
        Response(survey, count, responded.get(survey, 0))
        for survey, count in snapshot.connection.execute(asked.order_by(came.survey))
    ]


def _about(which: Filter) -> list[ColumnElement[bool]]:
    answers = schema.survey_answers.c
    wanted = of_call(_calls(which), answers.call)
    if which.queue is not None:
        wanted.append(answers.queue == which.queue)
    if which.seat is not None:
        wanted.append(answers.seat == which.seat)
    return wanted


def _calls(which: Filter) -> Filter:
    """Leave out what an answer tells of itself, whichever of a call's conversations it is about."""
    return Filter(site=which.site, dnis=which.dnis, flow_version=which.flow_version, tags=which.tags)
