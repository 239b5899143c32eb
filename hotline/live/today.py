"""The figures of today and of the last hour, kept up as things happen. Pure: no clock, no database.

They are those of `reports.measures`, which counts them here too: only what has ended since the last look is counted
anew. They live through a restart in the journal's snapshot and the events after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

from ledger.events import CallEnded, Event, VisitBegan, VisitEnded
from reports.measures import Counts, Definition, Stay, count, within

MINUTE_MS = 60_000
MINUTES = 60  # the last hour begins on a whole minute; the minute that runs is its last
MOST_LATELY_OVER = 1_000  # calls: an event that the journal gives a second time is no news of theirs
COUNTED = [part.name for part in fields(Counts)]


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of those who arrived today, and of those who arrived in the last hour.

    ``since`` and ``hour_since`` are UTC ms: midnight of the site, and the hour's first minute; or, where that is
    later, the moment at which counting began.
    """

    since: int
    day: Counts
    hour_since: int
    hour: Counts


@dataclass(slots=True)
class _Visit:
    """One stay of a live call."""

    queue: str
    arrived: int
    wait_ms: int | None = None
    outcome: str | None = None

    def stay(self, now: int) -> Stay:
        if self.wait_ms is None or self.outcome is None:
            return Stay(self.arrived, max(0, now - self.arrived), "waiting")
        return Stay(self.arrived, self.wait_ms, self.outcome)


@dataclass(slots=True)
class _Row:
    """The stays that are over, counted: those of the day that began at ``midnight``, and by minute of arrival."""

    definition: Definition
    midnight: int = 0
    day: Counts = field(default_factory=Counts)
    minutes: dict[int, Counts] = field(default_factory=dict)
    hour: Counts | None = None  # the sum of the minutes, while that is known
    uncounted: list[Stay] = field(default_factory=list)

    def count_up(self, midnight: int, first: int) -> Counts:
        """Count what is not yet; forget what arrived before midnight, or before the hour's first minute.

        Returns the last hour's.
        """
        if midnight != self.midnight:
            self.midnight, self.day = midnight, Counts()
        over, self.uncounted = self.uncounted, []
        self.day += count((stay for stay in over if stay.arrived >= midnight), self.definition)
        by_minute: dict[int, list[Stay]] = {}
        for stay in over:
            by_minute.setdefault(stay.arrived // MINUTE_MS, []).append(stay)
        gone = [minute for minute in self.minutes if minute < first]
        for minute in gone:
            del self.minutes[minute]
        if self.hour is None or gone:
            self.hour = sum(self.minutes.values(), Counts())
        for minute, stays in by_minute.items():
            if minute >= first:
                new = count(stays, self.definition)
                self.minutes[minute] = self.minutes.get(minute, Counts()) + new
                self.hour += new
        return self.hour


class Today:
    """Hears every event and knows the figures of each queue, and of all together, where each call counts once.

    A call-back is no second call for a person: its stays are not among the figures.
    """

    def __init__(self, definition: Definition, zone: tzinfo) -> None:
        self.definition = definition
        self._zone = zone
        self._since: int | None = None  # when counting began
        self._midnight = self._next_midnight = 0
        self._all = _Row(definition)
        self._rows: dict[str, _Row] = {}
        self._waiting: dict[str, dict[str, _Visit]] = {}  # by queue and visit
        self._live: dict[str, dict[str, _Visit]] = {}  # by call and visit, the call's first visit first
        self._ended: set[str] = set()  # calls that are over while a visit of theirs is not
        self._lately_over: dict[str, None] = {}  # in order

    def heard(self, event: Event) -> None:
        """Take in one event. One that was heard before changes nothing."""
        if self._since is None:
            self._since = event.at
        match event:
            case VisitBegan(visit_kind="call"):
                self._began(event)
            case VisitEnded():
                self._left(event)
            case CallEnded() if event.call in self._live:
                self._ended.add(event.call)
                self._call_over(event.call)
            case _:
                pass

    def figures(self, queue: str | None, now: int) -> Figures:
        """Return a queue's figures as of ``now``, UTC ms, or those of all queues. Costs the more the more wait."""
        self._turn_the_day(now)
        first = now // MINUTE_MS - MINUTES + 1
        if queue is None:
            row = self._all
            parts = (list(visits.values()) for visits in self._live.values())
            open_ = [_whole(visits, now) for visits in parts]
        else:
            row = self._rows.setdefault(queue, _Row(self.definition))
            open_ = [visit.stay(now) for visit in self._waiting.get(queue, {}).values()]
        hour = row.count_up(self._midnight, first)
        counting = self._since or 0
        return Figures(
            since=max(self._midnight, counting),
            day=row.day + count(within(open_, self._midnight, now + 1), self.definition),
            hour_since=max(first * MINUTE_MS, counting),
            hour=hour + count(within(open_, first * MINUTE_MS, now + 1), self.definition),
        )

    def _began(self, event: VisitBegan) -> None:
        visits = self._live.get(event.call)
        if visits is None:
            if event.call in self._lately_over:
                return
            visits = self._live[event.call] = {}
        if event.visit not in visits:
            visits[event.visit] = visit = _Visit(event.queue, event.at)
            self._waiting.setdefault(event.queue, {})[event.visit] = visit

    def _left(self, event: VisitEnded) -> None:
        visit = self._live.get(event.call, {}).get(event.visit)
        if visit is None or visit.outcome is not None:
            return
        visit.wait_ms, visit.outcome = event.wait_ms, event.outcome
        del self._waiting[visit.queue][event.visit]
        self._rows.setdefault(visit.queue, _Row(self.definition)).uncounted.append(visit.stay(event.at))
        self._call_over(event.call)

    def _call_over(self, call: str) -> None:
        """A call that is over, and waits nowhere, will not change any more."""
        visits = list(self._live[call].values())
        if call in self._ended and all(visit.outcome is not None for visit in visits):
            self._all.uncounted.append(_whole(visits, 0))
            self._ended.discard(call)
            del self._live[call]
            self._lately_over[call] = None
            if len(self._lately_over) > MOST_LATELY_OVER:
                del self._lately_over[next(iter(self._lately_over))]

    def _turn_the_day(self, now: int) -> None:
        if self._midnight <= now < self._next_midnight:
            return
        today = datetime.fromtimestamp(now / 1000, UTC).astimezone(self._zone).date()
        self._midnight, self._next_midnight = (
            round(datetime.combine(day, time(), self._zone).timestamp() * 1000)
            for day in (today, today + timedelta(days=1))
        )

    def snapshot(self) -> Mapping[str, Any]:
        """Return plain data of which `recalled` makes the same figures."""
        return {
            "definition": asdict(self.definition),
            "counted": COUNTED,
            "since": self._since,
            "all": _row_data(self._all),
            "rows": {queue: _row_data(row) for queue, row in self._rows.items()},
            "live": {
                call: {id_: asdict(visit) for id_, visit in visits.items()}
                for call, visits in self._live.items()
            },
            "ended": list(self._ended),
            "lately_over": list(self._lately_over),
        }

    @classmethod
    def recalled(cls, snapshot: Mapping[str, Any] | None, definition: Definition, zone: tzinfo) -> Today:
        """Return the figures that a snapshot was taken of; none yet for None, or where other things were counted."""
        today = cls(definition, zone)
        if snapshot is None or (snapshot["definition"], snapshot["counted"]) != (asdict(definition), COUNTED):
            return today
        today._since = snapshot["since"]
        today._all = _row(snapshot["all"], definition)
        today._rows = {queue: _row(row, definition) for queue, row in snapshot["rows"].items()}
        for call, visits in snapshot["live"].items():
            today._live[call] = {id_: _Visit(**visit) for id_, visit in visits.items()}
            for id_, visit in today._live[call].items():
                if visit.outcome is None:
                    today._waiting.setdefault(visit.queue, {})[id_] = visit
        today._ended.update(snapshot["ended"])
        today._lately_over.update(dict.fromkeys(snapshot["lately_over"]))
        return today


def _whole(visits: Iterable[_Visit], now: int) -> Stay:
    """Return a call as one stay: its first arrival, all its waits, its last outcome."""
    stays = [visit.stay(now) for visit in visits]
    return Stay(stays[0].arrived, sum(stay.wait_ms for stay in stays), stays[-1].outcome)


def _row_data(row: _Row) -> dict[str, Any]:
    return {
        "midnight": row.midnight,
        "day": _numbers(row.day),
        "minutes": [[minute, *_numbers(counts)] for minute, counts in row.minutes.items()],
        "uncounted": [[stay.arrived, stay.wait_ms, stay.outcome] for stay in row.uncounted],
    }


def _row(data: Mapping[str, Any], definition: Definition) -> _Row:
    return _Row(
        definition,
        data["midnight"],
        Counts(*data["day"]),
        {minute: Counts(*numbers) for minute, *numbers in data["minutes"]},
        uncounted=[Stay(*stay) for stay in data["uncounted"]],
    )


def _numbers(counts: Counts) -> list[int]:
    return [getattr(counts, name) for name in COUNTED]
