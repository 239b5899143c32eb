"""Tallies out of the rows themselves. The roll-ups are made of these, and are equal to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
)

from ledger import schema
from ledger.tally import QUARTER_MS, WAITING, Tally

Dimension: TypeAlias = Literal["dnis", "flow_version", "seat", "tag"]

ALL_CALLS = ""  # where a queue's name stands: all queues together, each call once
_CALLBACK = "callback"
_HANDLING = ("handled", "talk", "hold", "wrap_up")


class Place(NamedTuple):
    """Whose tally it is: a queue's, or that of all calls, in a quarter-hour since 1970 or by another label."""

    site: str
    queue: str
    label: int | str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which visits to count; None or nothing: whichever. A call's facts count for all its visits."""

    site: str | None = None
    queue: str | None = None
    dnis: str | None = None
    seat: str | None = None
    flow_version: str | None = None
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def of_calls(self) -> bool:
        """Tell whether it asks for more than a site and a queue."""
        return bool(self.dnis or self.seat or self.flow_version or self.tags)

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return what must be true of a row of ``visits``."""
        visits, calls, tags = schema.visits.c, schema.calls.c, schema.tags.c
        wanted: list[ColumnElement[bool]] = []
        if self.site is not None:
            wanted.append(visits.site == self.site)
        if self.queue is not None:
            wanted.append(visits.queue == self.queue)
        if self.seat is not None:
            wanted.append(visits.seat == self.seat)
        # What is asked by a dimension of the calls has them beside the visits: those are not meant here.
        of_call = select(literal(1)).where(calls.call == visits.call).correlate(schema.visits)
        if self.dnis is not None:
            wanted.append(of_call.where(calls.dnis == self.dnis).exists())
        if self.flow_version is not None:
            wanted.append(of_call.where(calls.flow_version == self.flow_version).exists())
        for name, value in self.tags:
            tag = select(literal(1)).where(tags.call == visits.call, tags.name == name, tags.value == value)
            wanted.append(tag.correlate(schema.visits).exists())
        return wanted


def by_queue(
    connection: Connection,
    began: int,
    ended: int,
    as_of: int,
    which: Filter,
    dimension: Dimension | None = None,
) -> dict[Place, Tally]:
    """Return the tally of each queue of the visits that arrived in a period, by quarter-hour or by a dimension."""
    visits = schema.visits.c
    label, rows = _label(visits.arrived, dimension)
    facts = _facts(as_of)
    outcome = case((_is_callback(), literal(_CALLBACK)), else_=facts.outcome).label("outcome")
    each = (
        select(visits.site, visits.queue, label.label("label"), outcome, facts.wait, *facts.handling)
        .select_from(rows)
        .where(visits.arrived >= began, visits.arrived < ended, *which.conditions())
        .subquery()
    )
    return _gather(connection, each)


def of_calls(
    connection: Connection,
    began: int,
    ended: int,
    as_of: int,
    which: Filter,
    dimension: Dimension | None = None,
) -> dict[Place, Tally]:
    """Return the tally of all calls, each once: by its first arrival, its last visit's outcome, all its waits.

    A period has the calls whose first visit arrived in it, by quarter-hour or by a dimension.
    """
    visits = schema.visits.c
    label, rows = _label(visits.arrived, dimension)
    facts = _facts(as_of)
    wanted = which.conditions()
    arrived = and_(visits.arrived >= began, visits.arrived < ended)
    one = [visits.call] if dimension is None else [visits.call, label]
    # A visit's id ends in its number, so among one call's the longer id is the later.
    last = [visits.arrived.desc(), func.length(visits.visit).desc(), visits.visit.desc()]

    def total(column: ColumnElement[int]) -> ColumnElement[int]:
        return cast(func.sum(column).over(partition_by=one), BigInteger)

    parts = (
        select(
            visits.site,
            func.min(visits.arrived).over(partition_by=one).label("arrived"),
            label.label("label"),
            facts.outcome,
            total(facts.wait).label("wait"),
            *(total(column).label(column.name) for column in facts.handling),
            func.row_number().over(partition_by=one, order_by=last).label("place"),
        )
        .select_from(rows)
        .where(visits.call.in_(select(visits.call).where(arrived, *wanted)), ~_is_callback(), *wanted)
        .subquery()
    ).c
    each = (
        select(
            parts.site,
            literal(ALL_CALLS).label("queue"),
            (parts.arrived // QUARTER_MS if dimension is None else parts.label).label("label"),
            *(parts[name] for name in ("outcome", "wait", *_HANDLING)),
        )
        .where(parts.place == 1, parts.arrived >= began, parts.arrived < ended)
        .subquery()
    )
    found = _gather(connection, each)
    for place, tally in by_queue(connection, began, ended, as_of, which, dimension).items():
        if tally.callbacks:
            found[Place(place.site, ALL_CALLS, place.label)].callbacks += tally.callbacks
    return found


class _Facts(NamedTuple):
    outcome: ColumnElement[str]
    wait: ColumnElement[int]
    handling: Sequence[ColumnElement[int]]


def _facts(as_of: int) -> _Facts:
    visits, talks, states = schema.visits.c, schema.conversations.c, schema.seat_states.c
    waits = or_(visits.left.is_(None), visits.outcome.is_(None), visits.wait_ms.is_(None))
    waited = as_of - visits.arrived

    def took(state: str) -> ColumnElement[int]:
        lasted = select(func.sum(states.ended - states.began)).where(
            states.offer == talks.offer, states.state == state, states.ended.is_not(None)
        )
        over = case((talks.talk_ms.is_not(None), func.coalesce(lasted.scalar_subquery(), 0)), else_=0)
        return cast(over, BigInteger)

    return _Facts(
        case((waits, literal(WAITING)), else_=visits.outcome).label("outcome"),
        case((~waits, visits.wait_ms), (waited > 0, waited), else_=0).label("wait"),
        (
            case((talks.talk_ms.is_not(None), 1), else_=0).label("handled"),
            func.coalesce(talks.talk_ms, 0).label("talk"),
            took("hold").label("hold"),
            took("wrap-up").label("wrap_up"),
        ),
    )


def _label(arrived: ColumnElement[Any], dimension: Dimension | None) -> tuple[ColumnElement[Any], FromClause]:
    visits, calls, tags = schema.visits, schema.calls, schema.tags
    talks = schema.conversations
    rows: FromClause = visits.outerjoin(talks, talks.c.visit == visits.c.visit)
    match dimension:
        case None:
            return arrived // QUARTER_MS, rows
        case "seat":
            return func.coalesce(visits.c.seat, ""), rows
        case "tag":
            rows = rows.outerjoin(tags, tags.c.call == visits.c.call)
            return func.coalesce(tags.c.name + "=" + tags.c.value, ""), rows
        case "dnis" | "flow_version":
            rows = rows.outerjoin(calls, calls.c.call == visits.c.call)
            return func.coalesce(calls.c[dimension], ""), rows


def _is_callback() -> ColumnElement[bool]:
    return func.coalesce(schema.visits.c.visit_kind, "call") == _CALLBACK


def _gather(connection: Connection, each: Subquery) -> dict[Place, Tally]:
    """Count rows with site, queue, label, outcome, wait and handling, and make tallies of them."""
    same = [each.c.site, each.c.queue, each.c.label, each.c.outcome]
    by_second = select(*same, ((each.c.wait + 999) // 1000).label("second"), each.c.wait)
    rows = by_second.add_columns(*(each.c[name] for name in _HANDLING)).subquery().c
    keys = (rows.site, rows.queue, rows.label, rows.outcome, rows.second)
    sums = (func.sum(rows[name]) for name in _HANDLING)
    question = select(*keys, func.count(), func.sum(rows.wait), func.max(rows.wait), *sums).group_by(*keys)
    found: dict[Place, Tally] = defaultdict(Tally)
    for site, queue, label, outcome, second, count, wait, longest, *handling in connection.execute(question):
        tally = found[Place(site, queue, label)]
        if outcome == _CALLBACK:
            tally.callbacks += count
            continue
        tally.open(outcome).take(second, count, int(wait), longest)
        handled, talk, hold, wrap_up = map(int, handling)  # PostgreSQL's sums are decimals
        tally.handled += handled
        tally.talk_ms += talk
        tally.hold_ms += hold
        tally.wrap_up_ms += wrap_up
    return found
