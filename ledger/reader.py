"""Read-only questions to the ledger, for reports and the live view."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, FromClause, Table, and_, or_, select

from ledger import schema
from ledger.database import open_for_reading
from ledger.records import (
    Call,
    Callback,
    CallbackNote,
    Conversation,
    EngineRun,
    Offer,
    Recording,
    Ring,
    SeatInterval,
    Step,
    SurveyAnswer,
    Tag,
    Visit,
)

_Record = TypeVar("_Record")


class LedgerReader:
    """Reads the ledger; never makes or changes it. Periods are half-open: ``began`` in, ``ended`` out.

    With ``site``, only of that site. Any thread may ask; each question blocks, so none belongs on an event loop.
    Raises ``BadLedgerUrl``, ``LedgerMissing``, ``LedgerUnreachable``, ``NewerLedger`` or ``OlderLedger``.
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

    def open_callbacks(self) -> list[Callback]:
        """Return the requests to be called that nobody has closed, the oldest first."""
        callbacks = schema.callbacks.c
        return self._read(
            Callback,
            schema.callbacks,
            callbacks.ended.is_(None),
            order=(callbacks.asked, callbacks.callback),
        )

    def recordings(
        self, *, box: str | None = None, since: int | None = None, done_too: bool = False
    ) -> list[Recording]:
        """Return what callers left, the newest first; without ``done_too`` none that is done or deleted.

        ``since`` is UTC ms.
        """
        recordings = schema.recordings.c
        wanted = []
        if box is not None:
            wanted.append(recordings.box == box)
        if since is not None:
            wanted.append(recordings.kept >= since)
        if not done_too:
            wanted.append(or_(recordings.mark.is_(None), recordings.mark == "heard"))
        return self._recordings(*wanted)

    def recording(self, recording: str) -> Recording | None:
        """Return one recording by its id, or None."""
        found = self._recordings(schema.recordings.c.recording == recording)
        return found[0] if found else None

    def tags(self, call: str) -> dict[str, str]:
        """Return the tags of a call."""
        tags = schema.tags.c
        found = self._read(Tag, schema.tags, tags.call == call, order=(tags.name,))
        return {tag.name: tag.value for tag in found}

    def survey_answers(self, began: int, ended: int) -> list[SurveyAnswer]:
        """Return the answers that were given in a period, by time."""
        answers = schema.survey_answers.c
        return self._read(
            SurveyAnswer,
            schema.survey_answers,
            _within(answers.answered, began, ended),
            order=(answers.answered, answers.call, answers.survey, answers.question),
        )

    def engine_runs(self) -> list[EngineRun]:
        """Return the lives of all engines, by their beginning."""
        runs = schema.engine_runs.c
        return self._read(EngineRun, schema.engine_runs, order=(runs.began, runs.node))

    def _recordings(self, *wanted: ColumnElement[bool]) -> list[Recording]:
        recordings = schema.recordings.c
        return self._read(
            Recording,
            schema.recordings,
            *wanted,
            order=(recordings.kept.desc(), recordings.recording),
            beside=schema.calls,
        )

    def _read(
        self,
        kind: type[_Record],
        table: Table,
        *wanted: ColumnElement[bool],
        order: tuple[ColumnElement[Any], ...],
        beside: Table | None = None,
    ) -> list[_Record]:
        """Read records of a table; what it has no column for, out of the row of its call in ``beside``."""
        names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
        rows: FromClause = table
        if beside is not None:
            rows = table.outerjoin(beside, table.c.call == beside.c.call)
        columns = [table.c[name] if beside is None or name in table.c else beside.c[name] for name in names]
        question = select(*columns).select_from(rows).where(*wanted).order_by(*order)
        if self._site is not None:
            question = question.where(table.c.site == self._site)
        with self._engine.connect() as connection:
            return [kind(*row) for row in connection.execute(question)]


def _within(moment: ColumnElement[Any], began: int, ended: int) -> ColumnElement[bool]:
    return and_(moment >= began, moment < ended)
