"""What was on the floor in a period: all that is needed to see, days later, why a call waited or a seat was idle."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, or_, select, text

from ledger import schema
from ledger.database import open_for_reading
from ledger.records import Call, EngineRun, Offer, Ring, SeatInterval, Visit
from ledger.rollup_schema import LONG_MS

_DAY_MS = 86_400_000
_LONGEST_VISIT_MS = 7 * _DAY_MS  # call-backs may wait for days
_MOST = 10
_Record = TypeVar("_Record")


@dataclass(frozen=True, slots=True)
class PlanRow:
    """The distributor's plan from ``adopted`` on, as plain data."""

    adopted: int
    plan: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Intervention:
    """What a person did to a seat, a queue or a call."""

    intervened: int
    action: str
    subject: str
    intervened_by: str
    detail: Mapping[str, Any]
    until: int | None


@dataclass(frozen=True, slots=True)
class Try:
    """An attempt to reach the customer of a call-back; ``again`` is when the next one comes."""

    callback: str
    attempt: int
    offer: str
    outcome: str
    tried: int
    again: int | None


@dataclass(frozen=True, slots=True)
class Told:
    """A waiting caller was told his place, and perhaps how long he will yet wait."""

    visit: str
    told: int
    position: int
    low_ms: int | None
    high_ms: int | None


@dataclass(frozen=True, slots=True)
class Period:
    """One node's floor in a period, UTC ms. Of seats, what they did from a day before on, or since the engine began.

    ``visits`` are those that waited in it, with their ``offers`` and ``rings``, and the one ``seats_wanted`` in person.
    """

    site: str
    node: str
    began: int
    ended: int
    runs: Sequence[EngineRun]
    plans: Sequence[PlanRow]
    seats: Mapping[str, Sequence[SeatInterval]]
    visits: Sequence[Visit]
    seats_wanted: Mapping[str, str]
    offers: Sequence[Offer]
    rings: Sequence[Ring]
    tries: Sequence[Try]
    interventions: Sequence[Intervention]


class FloorReader:
    """Reads what was on the floor; never changes it. With ``site``, only of that site. Each question blocks.

    Raises as ``LedgerReader`` does.
    """

    def __init__(self, url: str, *, site: str | None = None) -> None:
        self._engine = open_for_reading(url)
        self._site = site

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def calls(self, beginning: str) -> list[Call]:
        """Return the call of this id, else those whose ids begin so: at most ten."""
        calls = schema.calls.c
        with self._engine.connect() as connection:
            found = _read(
                connection, Call, schema.calls, *self._of_site(schema.calls), calls.call == beginning
            )
            if not found:
                begin_so = calls.call.startswith(beginning, autoescape=True)
                question = _question(Call, schema.calls, *self._of_site(schema.calls), begin_so)
                rows = connection.execute(question.order_by(calls.began.desc()).limit(_MOST))
                found = [Call(*row) for row in rows]
            return found

    def nodes_of_seat(self, seat: str) -> list[tuple[str, str]]:
        """Return the sites and nodes at which somebody has ever sat at this seat."""
        runs, states = schema.engine_runs, schema.seat_states.c
        with self._engine.connect() as connection:
            nodes = connection.execute(
                select(runs.c.site, runs.c.node).where(*self._of_site(runs)).distinct()
            ).all()
            return [
                (site, node)
                for site, node in nodes
                if connection.execute(
                    select(states.seat)
                    .where(*_at(schema.seat_states, site, node), states.seat == seat)
                    .limit(1)
                ).first()
            ]

    def visits(self, call: str) -> list[Visit]:
        """Return the visits of a call, in order."""
        visits = schema.visits.c
        with self._engine.connect() as connection:
            found = _read(connection, Visit, schema.visits, visits.call == call)
        return sorted(found, key=lambda one: (one.arrived, number(one.visit)))

    def told(self, call: str) -> list[Told]:
        """Return what a call was told of its place, by time."""
        told = schema.waits_told.c
        with self._engine.connect() as connection:
            return _read(connection, Told, schema.waits_told, told.call == call, order=(told.told,))

    def period(self, site: str, node: str, began: int, ended: int) -> Period:
        """Return one node's floor from ``began`` to ``ended``, both included."""
        with self._engine.connect() as connection:
            here = _at(schema.engine_runs, site, node)
            runs = schema.engine_runs.c
            lives = _read(connection, EngineRun, schema.engine_runs, *here, order=(runs.began,))
            started = max((run.began for run in lives if run.began <= began), default=0)
            visits = _waiting(connection, site, node, began, ended)
            ids = [one.visit for one in visits]
            return Period(
                site=site,
                node=node,
                began=began,
                ended=ended,
                runs=lives,
                plans=_plans(connection, site, node, began, ended),
                seats=_seats(connection, site, node, max(started, began - _DAY_MS), ended),
                visits=visits,
                seats_wanted=_wanted(connection, ids),
                offers=_of_visits(connection, Offer, schema.offers, ids),
                rings=_of_visits(connection, Ring, schema.rings, ids),
                tries=_tries(connection, site, node, began, ended),
                interventions=_interventions(connection, site, node, began, ended),
            )

    def last_offers(
        self, site: str, node: str, queue: str, began: int, ended: int
    ) -> dict[str, tuple[int, str]]:
        """Return for each seat when it last rang for a call of a queue in a period, and for which ring."""
        rings, visits = schema.rings.c, schema.visits.c
        question = (
            select(rings.seat, rings.began, rings.ring)
            .join_from(schema.rings, schema.visits, rings.visit == visits.visit)
            .where(*_at(schema.rings, site, node), visits.queue == queue)
            .where(rings.began >= began, rings.began <= ended)
        )
        last: dict[str, tuple[int, str]] = {}
        with self._engine.connect() as connection:
            for seat, at, ring in connection.execute(question):
                last[seat] = max(
                    (at, ring), last.get(seat, (0, "")), key=lambda one: (one[0], number(one[1]))
                )
        return last

    def _of_site(self, table: Table) -> list[ColumnElement[bool]]:
        return [table.c.site == self._site] if self._site is not None else []


def number(id_: str) -> tuple[int, ...]:
    """Return the numbers in an id: by these, ids stand in the order in which they were made."""
    digits = "".join(letter if letter.isdigit() else " " for letter in id_)
    return tuple(int(part) for part in digits.split())


def _plans(connection: Connection, site: str, node: str, began: int, ended: int) -> list[PlanRow]:
    """Return the plans that held in a period, the one that held when it began first."""
    plans, here = schema.plans.c, _at(schema.plans, site, node)
    first = select(plans.adopted).where(*here, plans.adopted <= began).order_by(plans.adopted.desc()).limit(1)
    since = connection.scalar(first)
    within = (plans.adopted >= (began if since is None else since), plans.adopted <= ended)
    return _read(connection, PlanRow, schema.plans, *here, *within, order=(plans.adopted,))


def _seats(
    connection: Connection, site: str, node: str, began: int, ended: int
) -> dict[str, list[SeatInterval]]:
    states = schema.seat_states.c
    # Each with an index of its own: what began lately, what lasted long, what goes on.
    lately = began - LONG_MS
    long = text(f"seat_states.ended - seat_states.began > {LONG_MS}")
    parts = (
        and_(
            states.began >= lately, states.began <= ended, or_(states.ended.is_(None), states.ended >= began)
        ),
        and_(states.began < lately, states.ended >= began, long),
        and_(states.began < lately, states.ended.is_(None)),
    )
    found: dict[str, list[SeatInterval]] = defaultdict(list)
    for part in parts:
        for one in _read(
            connection, SeatInterval, schema.seat_states, *_at(schema.seat_states, site, node), part
        ):
            found[one.seat].append(one)
    return {seat: sorted(found[seat], key=lambda one: one.interval) for seat in sorted(found)}


def _waiting(connection: Connection, site: str, node: str, began: int, ended: int) -> list[Visit]:
    visits = schema.visits.c
    within = (visits.arrived >= began - _LONGEST_VISIT_MS, visits.arrived <= ended)
    still = or_(visits.left.is_(None), visits.left >= began)
    found = _read(connection, Visit, schema.visits, *_at(schema.visits, site, node), *within, still)
    return sorted(found, key=lambda one: (one.arrived, number(one.visit)))


def _wanted(connection: Connection, visits: Sequence[str]) -> dict[str, str]:
    wishes = schema.visit_wishes.c
    found: dict[str, str] = {}
    for some in _portions(visits):
        question = select(wishes.visit, wishes.seat).where(wishes.visit.in_(some), wishes.seat.is_not(None))
        found.update((visit, seat) for visit, seat in connection.execute(question))
    return found


def _of_visits(
    connection: Connection, kind: type[_Record], table: Table, visits: Sequence[str]
) -> list[_Record]:
    calls = sorted({visit.rpartition("/")[0] for visit in visits})  # by which there is an index
    known = set(visits)
    found: list[_Record] = []
    for some in _portions(calls):
        found += _read(connection, kind, table, table.c.call.in_(some))
    return [one for one in found if getattr(one, "visit") in known]  # noqa: B009 both kinds have it


def _tries(connection: Connection, site: str, node: str, began: int, ended: int) -> list[Try]:
    tries = schema.callback_tries.c
    within = (tries.tried >= began - _LONGEST_VISIT_MS, tries.tried <= ended)
    here = _at(schema.callback_tries, site, node)
    return _read(connection, Try, schema.callback_tries, *here, *within, order=(tries.tried,))


def _interventions(
    connection: Connection, site: str, node: str, began: int, ended: int
) -> list[Intervention]:
    """Return the interventions of a period, and of the day before, which may hold yet."""
    acts = schema.interventions.c
    within = (acts.intervened >= began - _DAY_MS, acts.intervened <= ended)
    here = _at(schema.interventions, site, node)
    return _read(connection, Intervention, schema.interventions, *here, *within, order=(acts.intervened,))


def _at(table: Table, site: str, node: str) -> tuple[ColumnElement[bool], ...]:
    return (table.c.site == site, table.c.node == node)


def _portions(ids: Sequence[str], size: int = 500) -> Iterable[Sequence[str]]:
    """Cut up what a statement could not hold at once."""
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _question(kind: type[Any], table: Table, *wanted: ColumnElement[bool]) -> Select[Any]:
    return select(*(table.c[field.name] for field in fields(kind))).where(*wanted)


def _read(
    connection: Connection,
    kind: type[_Record],
    table: Table,
    *wanted: ColumnElement[bool],
    order: tuple[ColumnElement[Any], ...] = (),
) -> list[_Record]:
    rows = connection.execute(_question(kind, table, *wanted).order_by(*order))
    return [kind(*row) for row in rows]
