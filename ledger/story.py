"""Everything that the ledger knows of one call, in the order in which it happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Table, or_, select

from ledger import schema
from ledger.snapshot import Snapshot

_FEW = 5
_AFTER_MS = 7 * 86_400_000  # so long after a call's end it is still looked for what was done about it
_AFTERMATH = ("hold", "wrap-up")


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened at ``at``, UTC ms. Facts under names that end in ``_ms`` are durations."""

    at: int
    what: str
    facts: Mapping[str, Any]


def calls_named(snapshot: Snapshot, beginning: str) -> list[str]:
    """Return the call of this id, or else the calls whose ids begin so: a few, in order."""
    calls = schema.calls.c
    name = beginning.partition("/")[0]  # the id of a visit or an offer names its call
    for wanted in (calls.call == name, calls.call.startswith(name, autoescape=True)):
        question = select(calls.call).where(wanted).order_by(calls.call).limit(_FEW)
        if snapshot.site is not None:
            question = question.where(calls.site == snapshot.site)
        if found := list(snapshot.connection.scalars(question)):
            return found
    return []


def story(snapshot: Snapshot, call: str) -> list[Happening]:
    """Return what happened in a call, in order. What a caller keyed in is not in the ledger, nor here."""
    return sorted(_Teller(snapshot, call).tell(), key=lambda happening: happening.at)


class _Teller:
    """Reads one call. What happened at the same time is told in the order of `tell`."""

    def __init__(self, snapshot: Snapshot, call: str) -> None:
        self._connection = snapshot.connection
        self._call = call
        calls = schema.calls
        (self._row,) = self._rows(calls, calls.c.call == call)
        self._offers = self._of_call(schema.offers)
        self._visits = self._of_call(schema.visits)
        self._callbacks: list[str] = []

    def tell(self) -> Iterator[Happening]:
        """Yield what happened, part by part."""
        call = self._row
        names = ("call_kind", "ani", "dnis", "trunk", "flow", "flow_version", "language", "site", "node")
        yield Happening(call["began"], "began", _facts(call, *names))
        yield from self._way()
        yield from self._of("notices_heard", "notice", "heard", "notice")
        yield from self._waits()
        yield from self._rings()
        yield from self._talks()
        yield from self._left_behind()
        yield from self._callback()
        yield from self._acts()
        if call["ended"] is not None:
            facts = _facts(call, "outcome", "detail") | {"lasted_ms": call["ended"] - call["began"]}
            yield Happening(call["ended"], "ended", facts)

    def _way(self) -> Iterator[Happening]:
        for step in self._of_call(schema.path):
            facts = {"flow": step["flow"], "node": step["flow_node"]} | _facts(step, "language", "exit")
            if step["left"] is not None:
                facts["lasted_ms"] = step["left"] - step["entered"]
            yield Happening(step["entered"], "node", facts)

    def _waits(self) -> Iterator[Happening]:
        wishes = {
            row["visit"]: row for row in self._rows(schema.visit_wishes, *self._by_visit("visit_wishes"))
        }
        for visit in self._visits:
            names = ("visit", "visit_kind", "queue", "skills", "priority", "tier", "owner", "credit_ms")
            facts = _facts(visit, *names)
            if visit["visit"] in wishes:
                facts |= {
                    f"wished_{k}": v for k, v in _facts(wishes[visit["visit"]], "seat", "attributes").items()
                }
            yield Happening(visit["arrived"], "waits", facts)
        for told in self._rows(schema.waits_told, *self._by_visit("waits_told")):
            yield Happening(told["told"], "told", _facts(told, "position", "low_ms", "high_ms"))

    def _rings(self) -> Iterator[Happening]:
        for offer in self._offers:
            yield Happening(offer["made"], "offered", _facts(offer, "offer", "visit", "seat", "phone"))
        for ring in self._of_call(schema.rings):
            if ring["ended"] is not None:
                facts = _facts(ring, "ring", "seat", "phone", "outcome", "cause", "tech_cause")
                facts["rang_ms"] = ring["ended"] - ring["began"]
                yield Happening(ring["ended"], "rang", facts)

    def _talks(self) -> Iterator[Happening]:
        for visit in self._visits:
            if visit["left"] is not None:
                facts = _facts(visit, "visit", "queue", "outcome", "reason", "wait_ms", "seat")
                yield Happening(visit["left"], "left-queue", facts)
        for talk in self._of_call(schema.conversations):
            if talk["ended"] is not None:
                facts = _facts(talk, "visit", "seat", "talk_ms", "ended_by")
                yield Happening(talk["ended"], "talked", facts)
        states = schema.seat_states.c
        offers = [offer["offer"] for offer in self._offers]
        for state in self._rows(schema.seat_states, states.offer.in_(offers), states.state.in_(_AFTERMATH)):
            lasted = None if state["ended"] is None else state["ended"] - state["began"]
            facts = _facts(state, "seat") | ({} if lasted is None else {"lasted_ms": lasted})
            yield Happening(state["began"], state["state"], facts)

    def _left_behind(self) -> Iterator[Happening]:
        yield from self._of("transfers", "transferred", "ended", "number", "outcome", "talked_ms")
        yield from self._of("tags", "tagged", "tagged", "name", "value")
        yield from self._of(
            "survey_answers", "rated", "answered", "survey", "question", "answer", "seat", "queue"
        )
        kept = schema.recordings.c
        for row in self._rows(schema.recordings, kept.call == self._call, self._meanwhile(kept.kept)):
            facts = _facts(row, "recording", "recording_kind", "box", "seconds")
            yield Happening(row["kept"], "recorded", facts)
            if row["marked"] is not None:
                yield Happening(
                    row["marked"], "recording-marked", _facts(row, "recording", "mark", "marked_by")
                )

    def _callback(self) -> Iterator[Happening]:
        """Yield call-backs that were asked for in this call, and those that this call is."""
        asked, tries, notes = schema.callbacks.c, schema.callback_tries.c, schema.callbacks_noted.c
        mine = self._rows(schema.callbacks, asked.call == self._call, self._meanwhile(asked.asked))
        for row in mine:
            yield Happening(row["asked"], "callback-asked", _facts(row, "callback", "queue", "number", "due"))
        offers = [offer["offer"] for offer in self._offers]
        of_mine = or_(tries.callback.in_([row["callback"] for row in mine]), tries.offer.in_(offers))
        for row in self._rows(schema.callback_tries, of_mine):
            facts = _facts(row, "callback", "attempt", "outcome", "again")
            yield Happening(row["tried"], "callback-tried", facts)
        for row in mine:
            if row["ended"] is not None:
                facts = _facts(row, "callback", "outcome", "ended_by")
                yield Happening(row["ended"], "callback-ended", facts)
        for row in self._rows(schema.callbacks_noted, notes.call == self._call):
            yield Happening(row["noted"], "number-left", _facts(row, "number"))

    def _acts(self) -> Iterator[Happening]:
        """Yield what persons and the watchdog did to it."""
        acts, healings = schema.interventions.c, schema.healings.c
        about = acts.subject == self._call
        for row in self._rows(schema.interventions, about, self._meanwhile(acts.intervened)):
            facts = _facts(row, "action", "intervened_by", "detail")
            yield Happening(row["intervened"], "intervened", facts)
        beneath = healings.subject.startswith(f"{self._call}/", autoescape=True)
        for row in self._rows(
            schema.healings,
            or_(healings.subject == self._call, beneath),
            self._meanwhile(healings.healed),
        ):
            facts = {"healing": row["what"]} | _facts(row, "subject", "cause")
            yield Happening(row["healed"], "healed", facts)

    def _of(self, table: str, what: str, moment: str, *names: str) -> Iterator[Happening]:
        for row in self._of_call(schema.metadata.tables[table]):
            yield Happening(row[moment], what, _facts(row, *names))

    def _of_call(self, table: Table) -> list[RowMapping]:
        return self._rows(table, table.c.call == self._call)

    def _by_visit(self, table: str) -> tuple[ColumnElement[bool], ...]:
        visits = [visit["visit"] for visit in self._visits]
        return (schema.metadata.tables[table].c.visit.in_(visits),)

    def _meanwhile(self, moment: ColumnElement[Any]) -> ColumnElement[bool]:
        """Say that it was while the call lasted, or soon after: so that an index of moments serves."""
        began, ended = self._row["began"], self._row["ended"]
        return moment >= began if ended is None else moment.between(began, ended + _AFTER_MS)

    def _rows(self, table: Table, *wanted: ColumnElement[bool]) -> list[RowMapping]:
        question = select(table).where(*wanted).order_by(*table.primary_key)
        return list(self._connection.execute(question).mappings())


def _facts(row: RowMapping, *names: str) -> dict[str, Any]:
    """Return what is known of these."""
    return {name: row[name] for name in names if row[name] not in (None, "")}
