"""What Prometheus is told: what is counted as it happens, and what is so at the moment it asks."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from acd.ami_statistics import AmiStatistics
from hotline.clock import Clock
from hotline.live.bus import BusStatistics
from hotline.live.pulse import Pulse
from hotline.live.today import Figures, Today
from hotline.live.topics import Trouble
from ledger.writer import WriterStatistics
from reports.measures import Counts, Definition

Labels = TypeVar("Labels", bound=tuple[str, ...])

ALL = ""  # the label `queue` of all queues together; no queue has this name
SAMPLES = (
    "offered",
    "answered",
    "abandoned",
    "short_abandoned",
    "overflowed",
    "called_back",
    "other",
    "waiting",
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All figures of one moment, taken on the event loop, so that they can be written out beside it."""

    site: str
    version: str
    started: int
    definition: Definition
    queues: Mapping[str, Mapping[str, Any]]
    seats: Mapping[str, int]
    today: Mapping[str, Figures]
    calls: int
    sessions: int
    troubles: Sequence[Trouble]
    ami: AmiStatistics
    ledger: WriterStatistics
    journal_backlog: int
    bus: BusStatistics


class Metrics:
    """Answers Prometheus. ``tallied`` holds what was counted; the rest is asked of the parts at each scrape.

    ``floor`` returns what `hotline.control.Control.floor` does, ``sessions`` how many AGI sessions are open.
    """

    def __init__(
        self,
        site: str,
        tallied: CollectorRegistry,
        *,
        floor: Callable[[], Mapping[str, Any]],
        today: Today,
        pulse: Pulse,
        bus: Callable[[], BusStatistics],
        sessions: Callable[[], int],
        clock: Clock,
    ) -> None:
        self._site = site
        self._tallied = tallied
        self._floor = floor
        self._today = today
        self._pulse = pulse
        self._bus = bus
        self._sessions = sessions
        self._clock = clock

    async def text(self) -> bytes:
        """Return all metrics in Prometheus' text format. It is written in a thread: with many queues it is long."""
        snapshot = await self._snapshot()
        return await asyncio.to_thread(self._written, snapshot)

    async def _snapshot(self) -> Snapshot:
        pulse = self._pulse
        today = {}
        for queue in (ALL, *self._floor()["queues"]):
            today[queue] = self._today.figures(queue or None, self._clock.now())
            await asyncio.sleep(0)  # with many queues the others' turn comes in between
        floor = self._floor()
        return Snapshot(
            site=self._site,
            version=pulse.version,
            started=pulse.started,
            definition=self._today.definition,
            queues=floor["queues"],
            seats=Counter(seat["state"] for seat in floor["seats"].values()),
            today=today,
            calls=len(pulse.calls),
            sessions=self._sessions(),
            troubles=pulse.troubles(),
            ami=pulse.ami(),
            ledger=pulse.ledger(),
            journal_backlog=pulse.journal.backlog,
            bus=self._bus(),
        )

    def _written(self, snapshot: Snapshot) -> bytes:
        moment = CollectorRegistry()
        moment.register(_Moment(snapshot))
        return generate_latest(self._tallied) + generate_latest(moment)


class _Moment(Collector):
    """A snapshot as Prometheus' families of metrics."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        yield from self._engine()
        yield from self._floor()
        yield from self._today()
        yield from self._parts()

    def _engine(self) -> Iterator[Metric]:
        s = self._snapshot
        yield _gauge("info", "The engine", {(s.site, s.version): 1}, "site", "version")
        yield _gauge(
            "started_timestamp_seconds",
            "When this engine began, in seconds since 1970",
            {(): s.started / 1000},
        )
        yield _gauge("calls_live", "Calls that are live", {(): s.calls})
        yield _gauge("agi_sessions", "AGI sessions that are open", {(): s.sessions})
        parts = ("asterisk", "journal", "ledger")
        yield _gauge(
            "trouble",
            "1 where a part does not work now",
            {(part,): part in s.troubles for part in parts},
            "part",
        )

    def _floor(self) -> Iterator[Metric]:
        s = self._snapshot
        yield _gauge(
            "waiting", "Callers who wait", {(q,): now["waiting"] for q, now in s.queues.items()}, "queue"
        )
        longest = {(queue,): now["longest_wait_ms"] / 1000 for queue, now in s.queues.items()}
        yield _gauge("longest_wait_seconds", "How long the first of them has waited", longest, "queue")
        yield _gauge("seats", "Seats in each state", {(state,): n for state, n in s.seats.items()}, "state")

    def _today(self) -> Iterator[Metric]:
        days = {queue: figures.day for queue, figures in self._snapshot.today.items()}
        counts = {(queue, name): getattr(day, name) for queue, day in days.items() for name in SAMPLES}
        yield _gauge("today", "What became of those who arrived today", counts, "queue", "count")
        level = self._snapshot.definition.service_level
        yield _by_queue(
            "today_answer_ratio", "Answered, of the offered who do not wait yet", days, _answer_rate
        )
        yield _by_queue(
            "today_service_level_ratio", "By the site's formula", days, lambda day: level(day).value
        )
        yield _by_queue("today_asa_seconds", "Average speed of answer", days, _asa_s)
        yield _by_queue(
            "today_longest_wait_seconds", "Longest wait", days, lambda day: day.longest_wait_ms / 1000
        )

    def _parts(self) -> Iterator[Metric]:
        s = self._snapshot
        yield _gauge(
            "ami_lag_seconds", "p99 of the age of AMI's last 1,000 events", {(): s.ami.lag_p99 / 1000}
        )
        yield _counter("ami_losses", "Losses of the connection to Asterisk", s.ami.losses)
        yield _gauge("ledger_behind_events", "Events that the ledger lacks", {(): s.ledger.behind_events})
        yield _gauge("ledger_behind_seconds", "How far the ledger is behind", {(): s.ledger.behind_ms / 1000})
        yield _counter("ledger_stored", "Events that the ledger has taken", s.ledger.stored)
        yield _counter("ledger_refused", "Events that the ledger would not take", s.ledger.refused)
        yield _gauge("journal_backlog_events", "Events that wait for the disk", {(): s.journal_backlog})
        yield _gauge("mqtt_connected", "1 while the MQTT broker is there", {(): s.bus.connected})
        yield _gauge("mqtt_waiting", "Messages that the broker does not have yet", {(): s.bus.waiting})
        yield _counter("mqtt_published", "Messages that the broker has taken", s.bus.published)
        yield _counter("mqtt_dropped", "Messages of events that waited too long for a broker", s.bus.dropped)


def _answer_rate(counts: Counts) -> float | None:
    return counts.answer_rate.value


def _asa_s(counts: Counts) -> float | None:
    return None if counts.asa_ms is None else counts.asa_ms / 1000


def _by_queue(
    name: str, text: str, days: Mapping[str, Counts], figure: Callable[[Counts], float | None]
) -> Metric:
    """Return a gauge for each queue that has the figure: a rate of nothing is no sample."""
    known = {(queue,): found for queue, day in days.items() if (found := figure(day)) is not None}
    return _gauge(name, text, known, "queue")


def _gauge(name: str, text: str, samples: Mapping[Labels, float], *labels: str) -> Metric:
    family = GaugeMetricFamily(f"hotline_{name}", text, labels=labels)
    for values, value in samples.items():
        family.add_metric(values, value)
    return family


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"hotline_{name}", text, value=value)
