"""Read-only questions to the ledger, for reports and the live view."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Table, and_, or_, select

from ledger import schema
from ledger.database import open_for_reading
from ledger.records import (
    Call,
    CallbackNote,
    Conversation,
    EngineRun,
    Offer,
    Ring,
    SeatInterval,
    Step,
    Visit,
)

_Record = TypeVar("_Record")


class LedgerReader:
    """Reads the ledger; never makes or changes it. Periods are half-open: ``began`` in, ``ended`` out.

    With ``site``, only of that site. Any thread may ask; each question blocks, so none belongs on an event
    loop.
    Raises ``BadLedgerUrl``, ``LedgerMissing``, ``LedgerUnreachable`` or ``NewerLedger``.
    """

    def __init__(self, url: str, *, site: str | None = None) -> None:
        self._engine = open_for_reading(url)
        self._site = site

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def visits(self, began: int, ended: int, *, queue: str | None = None) -> list[Visit]:
        """Return the visits that arrived in a period, by arrival."""
        visits = schema.visits.c
        wanted = [_within(visits.arrived, began, ended)]
        if queue is not None:
            wanted.append(visits.queue == queue)
        return self._read(Visit, schema.visits, *wanted, order=(visits.arrived, visits.visit))

    def visits_of_calls(self, began: int, ended: int) -> list[Visit]:
        """Return all visits of every call with a visit that arrived in a period, by arrival.

        They may lie outside the period: a measure that counts each call once needs its first and its last.
        """
        visits = schema.visits.c
        calls = select(visits.call).where(_within(visits.arrived, began, ended))
        return self._read(Visit, schema.visits, visits.call.in_(calls), order=(visits.arrived, visits.visit))

    def waiting(self) -> list[Visit]:
        """Return the visits that wait now, by arrival."""
        visits = schema.visits.c
        return self._read(Visit, schema.visits, visits.left.is_(None), order=(visits.arrived, visits.visit))

    def calls(self, began: int, ended: int) -> list[Call]:
        """Return the calls that began in a period, by their beginning."""
        calls = schema.calls.c
        return self._read(
            Call, schema.calls, _within(calls.began, began, ended), order=(calls.began, calls.call)
        )

    def live_calls(self) -> list[Call]:
        """Return the calls that have not ended, by their beginning."""
        calls = schema.calls.c
        return self._read(Call, schema.calls, calls.ended.is_(None), order=(calls.began, calls.call))

    def path(self, call: str) -> list[Step]:
        """Return the nodes that a call went through, in order."""
        path = schema.path.c
        return self._read(Step, schema.path, path.call == call, order=(path.step,))

    def offers(self, call: str) -> list[Offer]:
        """Return the offers of a call, in order."""
        offers = schema.offers.c
        return self._read(Offer, schema.offers, offers.call == call, order=(offers.made, offers.offer))

    def rings(self, call: str) -> list[Ring]:
        """Return the rings of a call, in order."""
        rings = schema.rings.c
        return self._read(Ring, schema.rings, rings.call == call, order=(rings.began, rings.ring))

    def conversations(self, began: int, ended: int) -> list[Conversation]:
        """Return the conversations that began in a period, by their beginning."""
        talks = schema.conversations.c
        within = _within(talks.began, began, ended)
        return self._read(Conversation, schema.conversations, within, order=(talks.began, talks.visit))

    def live_conversations(self) -> list[Conversation]:
        """Return the conversations that go on, by their beginning."""
        talks = schema.conversations.c
        return self._read(
            Conversation, schema.conversations, talks.ended.is_(None), order=(talks.began, talks.visit)
        )

    def seat_intervals(self, began: int, ended: int) -> list[SeatInterval]:
        """Return the intervals of seats' states that touch a period, whole, by seat and time."""
        states = schema.seat_states.c
        touching = and_(states.began < ended, or_(states.ended.is_(None), states.ended > began))
        return self._read(SeatInterval, schema.seat_states, touching, order=(states.seat, states.interval))

    def seats(self) -> list[SeatInterval]:
        """Return the present state of every signed-in seat, by seat."""
        states = schema.seat_states.c
        return self._read(
            SeatInterval, schema.seat_states, states.ended.is_(None), order=(states.seat, states.interval)
        )

    def callbacks_noted(self, began: int, ended: int) -> list[CallbackNote]:
        """Return the numbers noted for a call-back in a period, by time."""
        notes = schema.callbacks_noted.c
        within = _within(notes.noted, began, ended)
        return self._read(CallbackNote, schema.callbacks_noted, within, order=(notes.noted, notes.note))

    def engine_runs(self) -> list[EngineRun]:
        """Return the lives of all engines, by their beginning."""
        runs = schema.engine_runs.c
        return self._read(EngineRun, schema.engine_runs, order=(runs.began, runs.node))

    def _read(
        self,
        kind: type[_Record],
        table: Table,
        *wanted: ColumnElement[bool],
        order: tuple[ColumnElement[Any], ...],
    ) -> list[_Record]:
        columns = [table.c[field.name] for field in fields(kind)]  # type: ignore[arg-type]
        question = select(*columns).where(*wanted).order_by(*order)
        if self._site is not None:
            question = question.where(table.c.site == self._site)
        with self._engine.connect() as connection:
            return [kind(*row) for row in connection.execute(question)]


def _within(moment: ColumnElement[Any], began: int, ended: int) -> ColumnElement[bool]:
    return and_(moment >= began, moment < ended)
