"""From events to rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Connection, Table, Update, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ledger import schema
from ledger.events import (
    CallbackAsked,
    CallbackEnded,
    CallbackNoted,
    CallbackTried,
    CallBegan,
    CallEnded,
    ConversationEnded,
    EngineStarted,
    EngineStopped,
    Event,
    FlowLive,
    Healed,
    Intervened,
    NodeEntered,
    NodeLeft,
    NoticeChanged,
    NoticeHeard,
    OfferEnded,
    OfferMade,
    PlanAdopted,
    Rated,
    RecordingKept,
    RecordingMarked,
    RingEnded,
    SeatChanged,
    SeatWished,
    Tagged,
    TransferEnded,
    VisitBegan,
    VisitEnded,
    WaitTold,
)

_Key: TypeAlias = tuple[Any, ...]
_Upsert: TypeAlias = postgresql.Insert | sqlite.Insert


@dataclass(slots=True)
class _Step:
    """The last step of a call's path."""

    number: int
    open: bool


@dataclass(slots=True)
class _Interval:
    """The last interval of a seat's states."""

    number: int
    since: int
    open: bool
    offer: str | None


@dataclass(frozen=True, slots=True)
class _Talk:
    """A call's last conversation, by the visit that led to it; ``visit`` is empty for none."""

    visit: str
    queue: str | None
    seat: str | None


class Fold:
    """Folds one node's events, in their order, into rows.

    A row's facts are written once: what is known when a thing begins is inserted and never overwritten; what
    is known when it ends fills the columns that were left null. Between ``save`` and ``save`` rows gather in
    memory, so that a thing which begins and ends within a batch costs one row written. (What has a last value
    in place of an end, as the schema's ``latest`` tells, is overwritten.) Live calls and seats
    are remembered from batch to batch: after a transaction that failed, start with a new ``Fold``.
    """

    def __init__(self, dialect: str, site: str, node: str) -> None:
        self._upserts = {table: _upsert(dialect, table) for table in schema.metadata.sorted_tables}
        self._updates = {table: _update(table) for table in schema.metadata.sorted_tables}
        self._origin = {"site": site, "node": node}
        self._begun: dict[Table, dict[_Key, dict[str, Any]]] = defaultdict(dict)
        self._ended: dict[Table, dict[_Key, dict[str, Any]]] = defaultdict(dict)
        self._steps: dict[str, _Step] = {}
        self._intervals: dict[str, _Interval] = {}
        self._answered: dict[str, VisitEnded] = {}
        self._calls_over: set[str] = set()

    def take(self, connection: Connection, event: Event) -> None:
        """Fold one event. Reads from the database at most what was known of its call or seat before."""
        match event:
            case NodeEntered():
                self._enter_node(connection, event)
            case NodeLeft():
                self._leave_node(connection, event.call, event.at, event.exit)
            case CallBegan():
                self._steps.setdefault(event.call, _Step(0, open=False))
                self._begin(schema.calls, event, began=event.at)
            case CallEnded():
                self._leave_node(connection, event.call, event.at, None)
                self._calls_over.add(event.call)
                self._end(
                    schema.calls, (event.call,), ended=event.at, outcome=event.outcome, detail=event.detail
                )
            case VisitBegan():
                # Whose seat is wished for is no fact of who answers.
                self._begin(schema.visits, event, arrived=event.at, seat=None)
                if event.attributes or event.seat:
                    self._begin(schema.visit_wishes, event)
            case VisitEnded():
                self._end_visit(event)
            case OfferMade():
                self._begin(schema.offers, event, made=event.at)
                for number, (seat, phone) in enumerate((event.rings or {event.seat: event.phone}).items(), 1):
                    ring = f"{event.offer}/{number}"
                    self._begin(schema.rings, event, ring=ring, began=event.at, seat=seat, phone=phone)
            case RingEnded():
                self._end_ring(event, event.ring)
            case OfferEnded():
                self._end(schema.offers, (event.offer,), ended=event.at, outcome=event.outcome)
                self._end_ring(event, event.ring or f"{event.offer}/1")
            case ConversationEnded():
                self._begin(schema.conversations, event, began=event.at - event.talk_ms, ended=event.at)
            case SeatChanged():
                self._change_seat(connection, event)
            case SeatWished():
                pass  # what it comes to is a change of its seat
            case CallbackNoted():
                self._begin(schema.callbacks_noted, event, noted=event.at)
            case CallbackAsked():
                self._begin(schema.callbacks, event, asked=event.at)
            case CallbackTried():
                self._begin(schema.callback_tries, event, tried=event.at)
            case CallbackEnded():
                over = {"ended": event.at, "outcome": event.outcome, "ended_by": event.by}
                self._end(schema.callbacks, (event.callback,), **over)
            case Tagged():
                self._begin(schema.tags, event, tagged=event.at)
            case Rated():
                talk = self._last_talk(connection, event.call)
                of = {"visit": talk.visit, "queue": talk.queue, "seat": talk.seat}
                self._begin(schema.survey_answers, event, answered=event.at, **of)
            case NoticeHeard():
                self._begin(schema.notices_heard, event, heard=event.at)
            case TransferEnded():
                self._begin(schema.transfers, event, ended=event.at)
            case RecordingKept():
                self._begin(schema.recordings, event, kept=event.at)
            case RecordingMarked():
                dealt = {"mark": event.mark, "marked": event.at, "marked_by": event.by}
                self._end(schema.recordings, (event.recording,), **dealt)
            case NoticeChanged():
                how = {"changed": event.at, "changed_by": event.by, "is_on": event.on}
                self._begin(schema.notices, event, **how)
            case FlowLive():
                self._begin(schema.flow_versions, event, began=event.at, began_by=event.by)
            case PlanAdopted():
                self._begin(schema.plans, event, adopted=event.at)
            case WaitTold():
                self._begin(schema.waits_told, event, told=event.at)
            case Intervened():
                self._begin(schema.interventions, event, intervened=event.at, intervened_by=event.by)
            case Healed():
                self._begin(schema.healings, event, healed=event.at)
            case EngineStarted():
                self._end_run(connection, None, "killed")
                self._begin(schema.engine_runs, event, began=event.at)
            case EngineStopped():
                self._end_run(connection, event.at, "stopped")

    def save(self, connection: Connection, journal: str, position: tuple[int, int]) -> None:
        """Write the gathered rows, and the position in the journal up to which they go."""
        for table, begun in self._begun.items():
            if begun:
                connection.execute(self._upserts[table], list(begun.values()))
        for table, ended in self._ended.items():
            if ended:
                connection.execute(self._updates[table], list(ended.values()))
        segment, offset = position
        place = {"journal": journal, "segment": segment, "offset": offset}
        connection.execute(self._upserts[schema.journal_position], [self._origin | place])
        self._begun.clear()
        self._ended.clear()
        for call in self._calls_over:
            self._steps.pop(call, None)
            self._answered.pop(call, None)
        self._calls_over.clear()

    def _begin(self, table: Table, event: Event, **facts: Any) -> None:
        known = self._origin | facts
        names = (column.name for column in table.c)
        row = {name: known.get(name, getattr(event, name, None)) for name in names}
        key = tuple(row[column.name] for column in table.primary_key)
        earlier = self._begun[table].setdefault(key, row)
        if latest := table.info.get("latest"):
            if row[latest] >= earlier[latest]:
                self._begun[table][key] = row
            return
        for name, fact in row.items():
            if earlier[name] is None:
                earlier[name] = fact

    def _end(self, table: Table, key: _Key, **facts: Any) -> None:
        if begun := self._begun[table].get(key):
            begun.update(facts)
        else:
            names = (f"key_{column.name}" for column in table.primary_key)
            self._ended[table][key] = dict(zip(names, key, strict=True)) | facts

    def _end_visit(self, event: VisitEnded) -> None:
        self._end(
            schema.visits,
            (event.visit,),
            left=event.at,
            outcome=event.outcome,
            reason=event.reason,
            wait_ms=event.wait_ms,
            seat=event.seat,
        )
        if event.outcome == "answered":
            self._answered[event.call] = event
            self._begin(schema.conversations, event, began=event.at)

    def _end_ring(self, event: RingEnded | OfferEnded, ring: str) -> None:
        how = {"outcome": event.outcome, "cause": event.cause, "tech_cause": event.tech_cause}
        self._end(schema.rings, (ring,), ended=event.at, **how)

    def _last_talk(self, connection: Connection, call: str) -> _Talk:
        visits = schema.visits.c
        if answered := self._answered.get(call):
            begun = self._begun[schema.visits].get((answered.visit,))
            stored = select(visits.queue).where(visits.visit == answered.visit)
            queue = begun["queue"] if begun is not None else connection.scalar(stored)
            return _Talk(answered.visit, queue, answered.seat)
        last = select(visits.visit, visits.queue, visits.seat).where(visits.call == call)
        last = last.where(visits.outcome == "answered").limit(1)
        # A call's visits are numbered, so the longest id that sorts last is the last.
        row = connection.execute(last.order_by(func.length(visits.visit).desc(), visits.visit.desc())).first()
        return _Talk(*row) if row else _Talk("", None, None)

    def _enter_node(self, connection: Connection, event: NodeEntered) -> None:
        # A call that went on at its node after a crash enters it again without having left it.
        self._leave_node(connection, event.call, event.at, None)
        step = self._step(connection, event.call)
        step.number += 1
        step.open = True
        self._begin(schema.path, event, step=step.number, entered=event.at, flow_node=event.node)

    def _leave_node(self, connection: Connection, call: str, at: int, way_out: str | None) -> None:
        step = self._step(connection, call)
        if step.open:
            step.open = False
            self._end(schema.path, (call, step.number), left=at, exit=way_out)

    def _step(self, connection: Connection, call: str) -> _Step:
        if call not in self._steps:
            path = schema.path.c
            last = select(path.step, path.left).where(path.call == call).order_by(path.step.desc()).limit(1)
            row = connection.execute(last).first()
            self._steps[call] = _Step(row.step, row.left is None) if row else _Step(0, open=False)
        return self._steps[call]

    def _change_seat(self, connection: Connection, event: SeatChanged) -> None:
        last = self._interval(connection, event.seat)
        # The wall clock may be set back; the intervals still tile.
        at = last.since = max(event.at, last.since)
        if last.open:
            self._end(schema.seat_states, (*self._origin.values(), event.seat, last.number), ended=at)
        last.open = event.now != "signed-out"
        # The time after a conversation belongs to it too: that is how a handling time is summed up.
        last.offer = last.offer if event.now == "wrap-up" else event.offer
        if last.open:
            last.number += 1
            facts = {"interval": last.number, "state": event.now, "began": at, "offer": last.offer}
            self._begin(schema.seat_states, event, **facts)

    def _interval(self, connection: Connection, seat: str) -> _Interval:
        if seat not in self._intervals:
            states = schema.seat_states.c
            last = (
                select(states.interval, states.began, states.ended, states.offer)
                .where(states.site == self._origin["site"], states.node == self._origin["node"])
                .where(states.seat == seat)
                .order_by(states.interval.desc())
                .limit(1)
            )
            row = connection.execute(last).first()
            self._intervals[seat] = (
                _Interval(row.interval, row.ended or row.began, row.ended is None, row.offer)
                if row
                else _Interval(0, 0, open=False, offer=None)
            )
        return self._intervals[seat]

    def _end_run(self, connection: Connection, at: int | None, how: str) -> None:
        runs = schema.engine_runs
        going = {key[-1] for key, row in self._begun[runs].items() if row["how"] is None}
        stored = select(runs.c.began).where(runs.c.how.is_(None))
        stored = stored.where(runs.c.site == self._origin["site"], runs.c.node == self._origin["node"])
        going.update(connection.scalars(stored))
        for began in going:
            key = (*self._origin.values(), began)
            if key not in self._ended[runs]:
                self._end(runs, key, ended=at, how=how)


def _update(table: Table) -> Update:
    return update(table).where(*(column == bindparam(f"key_{column.name}") for column in table.primary_key))


def _upsert(dialect: str, table: Table) -> _Upsert:
    into: _Upsert = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    keys = list(table.primary_key)
    later = {column.name: into.excluded[column.name] for column in table.c if column not in keys}
    if table is schema.journal_position:
        return into.on_conflict_do_update(index_elements=keys, set_=later)
    if latest := table.info.get("latest"):
        newer = into.excluded[latest] >= table.c[latest]
        return into.on_conflict_do_update(index_elements=keys, set_=later, where=newer)
    empty = [column for column in table.c if column.nullable]
    filled = {column.name: func.coalesce(column, into.excluded[column.name]) for column in empty}
    if not filled:
        return into.on_conflict_do_nothing(index_elements=keys)
    return into.on_conflict_do_update(index_elements=keys, set_=filled)
