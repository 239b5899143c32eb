"""Looking for calls: by number, outcome, wait, queue, seat, tag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import BigInteger, ColumnElement, ScalarSelect, cast, func, or_, select

from ledger import schema
from ledger.snapshot import Snapshot
from ledger.tallying import Filter
from ledger.which import began_within, chosen, of_a_caller

_KINDS = ("caller", "callback")  # an agent at a feature code is no call to look for


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for. ``number`` is a caller's, or its last digits; ``longer_than_ms`` what he waited altogether.

    ``outcome`` is that of the last wait, or that of the call. ``which`` narrows it further.
    """

    began: int
    ended: int
    as_of: int
    which: Filter
    number: str | None = None
    outcome: str | None = None
    longer_than_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A call that was found. ``answer`` is the outcome of its last wait; times in UTC ms, what goes on has no end."""

    call: str
    call_kind: str
    ani: str
    dnis: str
    flow: str
    began: int
    ended: int | None
    outcome: str | None
    answer: str | None
    wait_ms: int | None
    queues: Sequence[str] = ()
    seats: Sequence[str] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


def search(snapshot: Snapshot, wanted: Search, limit: int) -> tuple[list[Found], int]:
    """Return the latest calls that began in a period and are looked for, at most ``limit``, and how many there are."""
    calls = schema.calls.c
    kind = func.coalesce(calls.call_kind, "caller")
    answer, wait = _last_outcome(), _waited(wanted.as_of)
    conditions = [began_within(wanted.began, wanted.ended), kind.in_(_KINDS), *chosen(wanted.which)]
    if wanted.number is not None:
        conditions.append(_ends_in(wanted.number))
    if wanted.outcome is not None:
        conditions.append(or_(answer == wanted.outcome, calls.outcome == wanted.outcome))
    if wanted.longer_than_ms is not None:
        conditions.append(wait > wanted.longer_than_ms)
    question = (
        select(
            calls.call, kind, calls.ani, calls.dnis, calls.flow, calls.began, calls.ended, calls.outcome, answer, wait
        )
        .where(*conditions)
        .order_by(calls.began.desc(), calls.call.desc())
        .limit(limit)
    )  # fmt: skip
    number = (
        snapshot.connection.scalar(select(func.count()).select_from(schema.calls).where(*conditions)) or 0
    )
    found = [Found(*row) for row in snapshot.connection.execute(question)]
    return _with_more(snapshot, found), number


def _ends_in(number: str) -> ColumnElement[bool]:
    return schema.calls.c.ani.endswith(number, autoescape=True)


def _last_outcome() -> ScalarSelect[str]:
    visits = schema.visits.c
    # A visit's id ends in its number, so among one call's the longer id is the later.
    order = (visits.arrived.desc(), func.length(visits.visit).desc(), visits.visit.desc())
    last = select(func.coalesce(visits.outcome, "waiting")).where(visits.call == schema.calls.c.call)
    return last.order_by(*order).limit(1).scalar_subquery()


def _waited(as_of: int) -> ScalarSelect[int]:
    visits = schema.visits.c
    waited = func.coalesce(visits.wait_ms, as_of - visits.arrived)
    total = select(cast(func.sum(waited), BigInteger)).where(
        visits.call == schema.calls.c.call, of_a_caller()
    )
    return total.scalar_subquery()


def _with_more(snapshot: Snapshot, found: Sequence[Found]) -> list[Found]:
    """Return the calls with the queues that they waited in, the seats that answered, and their tags."""
    names = [call.call for call in found]
    queues: dict[str, list[str]] = {}
    seats: dict[str, list[str]] = {}
    tags: dict[str, dict[str, str]] = {}
    visits, tag = schema.visits.c, schema.tags.c
    for part in (names[i : i + 500] for i in range(0, len(names), 500)):
        stays = select(visits.call, visits.queue, visits.seat).where(visits.call.in_(part))
        for call, queue, seat in snapshot.connection.execute(stays.order_by(visits.arrived, visits.visit)):
            queues.setdefault(call, []).append(queue)
            if seat is not None:
                seats.setdefault(call, []).append(seat)
        told = select(tag.call, tag.name, tag.value).where(tag.call.in_(part)).order_by(tag.name)
        for call, name, value in snapshot.connection.execute(told):
            tags.setdefault(call, {})[name] = value
    return [
        replace(
            one, queues=queues.get(one.call, ()), seats=seats.get(one.call, ()), tags=tags.get(one.call, {})
        )
        for one in found
    ]
