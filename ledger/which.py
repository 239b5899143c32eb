"""Which calls a report is about: conditions on rows of ``calls`` and ``visits``."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, literal, select

from ledger import schema
from ledger.tallying import Filter


def by_callers() -> ColumnElement[bool]:
    """Say that a row of ``calls`` is a caller's: neither a call-back nor an agent at a feature code."""
    return func.coalesce(schema.calls.c.call_kind, "caller") == "caller"


def of_a_caller() -> ColumnElement[bool]:
    """Say that a row of ``visits`` is a caller's own stay, and no call-back's turn."""
    return func.coalesce(schema.visits.c.visit_kind, "call") == "call"


def began_within(began: int, ended: int) -> ColumnElement[bool]:
    """Say that a row of ``calls`` began in a period."""
    calls = schema.calls.c
    return calls.began.between(began, ended - 1)


def chosen(which: Filter) -> list[ColumnElement[bool]]:
    """Return what must be true of a row of ``calls``: a queue is one that it waited in, a seat one that answered it."""
    calls, tags = schema.calls.c, schema.tags.c
    wanted: list[ColumnElement[bool]] = []
    if which.site is not None:
        wanted.append(calls.site == which.site)
    if which.dnis is not None:
        wanted.append(calls.dnis == which.dnis)
    if which.flow_version is not None:
        wanted.append(calls.flow_version == which.flow_version)
    if which.queue is not None or which.seat is not None:
        visits = schema.visits.c
        visit = select(literal(1)).where(visits.call == calls.call).correlate(schema.calls)
        if which.queue is not None:
            visit = visit.where(visits.queue == which.queue)
        if which.seat is not None:
            visit = visit.where(visits.seat == which.seat)
        wanted.append(visit.exists())
    for name, value in which.tags:
        tag = select(literal(1)).where(tags.call == calls.call, tags.name == name, tags.value == value)
        wanted.append(tag.correlate(schema.calls).exists())
    return wanted


def of_call(which: Filter, call: ColumnElement[str]) -> list[ColumnElement[bool]]:
    """Return what must be true of a row that belongs to a call, whose id stands in ``call``; its site, too."""
    wanted = chosen(which)
    return [select(literal(1)).where(schema.calls.c.call == call, *wanted).exists()] if wanted else []
