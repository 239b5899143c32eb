"""What the bus tells: states of queues and seats, figures, notices, and what happens. No caller's number or key."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from hotline.clock import Clock
from hotline.live.bus import Bus
from hotline.live.pulse import Pulse
from hotline.live.today import Today
from hotline.live.topics import SCHEMA, TOLD_OF_EVENTS, Trouble, schema
from ledger.events import Event
from reports.measures import Counts, Definition, Rate

EVERY_S = 0.2
FIGURES_S = 1.0
HEALTH_S = 5.0
MOST_TOGETHER = 200  # events in one message
REFRESH_S = 5.0  # for what no event tells, such as callers who come back after a restart


class Publisher:
    """Listens to the chronicle, and publishes it with what changed on the floor, at most every `EVERY_S` seconds.

    Figures of today follow once a second where they changed, and the pulse every five, or when a trouble comes or
    goes. ``floor`` returns
    what `hotline.control.Control.floor` does, ``notices`` what `hotline.notices.NoticeBoard.listed` does;
    ``timezone`` is the IANA name of the site's. `run` it in a task; cancel that to end it.
    """

    def __init__(
        self,
        bus: Bus,
        floor: Callable[[], Mapping[str, Any]],
        *,
        today: Today,
        notices: Callable[[], Sequence[Mapping[str, Any]]],
        pulse: Pulse,
        clock: Clock,
        timezone: str,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._bus = bus
        self._floor = floor
        self._today = today
        self._notices = notices
        self._pulse = pulse
        self._clock = clock
        self._timezone = timezone
        self._sleep = sleep
        self._changed = asyncio.Event()
        self._told: dict[str, Any] = {}  # by topic: the news that were told last
        self._happened: list[Mapping[str, Any]] = []
        self._first = 1  # the number of the first event in the next message
        self._queues: tuple[str, ...] = ()
        self._troubles: list[Trouble] = []

    def heard(self, event: Event) -> None:
        """Take in one event. The floor is looked at later, when the event has had its effect."""
        told = {name: getattr(event, name) for name in TOLD_OF_EVENTS if hasattr(event, name)}
        self._happened.append({"kind": type(event).__name__} | told)
        self._changed.set()

    async def run(self) -> None:
        """Publish all, and again whatever changed, for ever."""
        self._bus.publish(SCHEMA, schema(), retain=True)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._run_states())
            tasks.create_task(self._run_figures())
            tasks.create_task(self._run_pulse())

    async def _run_states(self) -> None:
        while True:
            self._changed.clear()
            self._publish_events()
            self._publish_changes()
            await self._sleep(EVERY_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(REFRESH_S):
                    await self._changed.wait()

    async def _run_figures(self) -> None:
        while True:
            for queue in (None, *self._queues):
                self._publish_figures(queue)
                await asyncio.sleep(0)  # with many queues the others' turn comes in between
            if self._pulse.troubles() != self._troubles:
                self._publish_health()
            await self._sleep(FIGURES_S)

    async def _run_pulse(self) -> None:
        while True:
            self._publish_health()
            await self._sleep(HEALTH_S)

    def _publish_events(self) -> None:
        """Publish what happened, many in a message: at 300 calls a second one each would cost half the engine."""
        happened, self._happened = self._happened, []
        for first in range(0, len(happened), MOST_TOGETHER):
            some = happened[first : first + MOST_TOGETHER]
            told = {"engine": self._pulse.started, "first": self._first, "events": some}
            self._bus.publish("events", told, retain=False)
            self._first += len(some)

    def _publish_changes(self) -> None:
        floor = self._floor()
        at = floor["now"]
        self._queues = tuple(floor["queues"])
        site = self._site(floor)
        self._publish("site", site | {"at": at}, news=site)
        for name, queue in floor["queues"].items():
            waiting, longest = queue["waiting"], queue["longest_wait_ms"]
            since = at - longest if waiting else None
            state = {
                "waiting": waiting,
                "longest_wait_since": since,
                "longest_wait_ms": longest,
                "at": at,
            }
            self._publish(f"queue/{name}", state, news=(waiting, since))
        for name, seat in floor["seats"].items():
            state = {key: seat[key] for key in ("state", "since", "reason")}
            self._publish(f"seat/{name}", state | {"at": at}, news=state)
        notices = [_notice(one) for one in self._notices()]
        self._publish("notices", {"notices": notices, "at": at}, news=notices)

    def _site(self, floor: Mapping[str, Any]) -> dict[str, Any]:
        definition = self._today.definition
        return {
            "timezone": self._timezone,
            "queues": list(floor["queues"]),
            "seats": list(floor["seats"]),
            "formula": definition.formula,
            "threshold_s": definition.threshold,
            "short_abandon_s": definition.short,
        }

    def _publish_figures(self, queue: str | None) -> None:
        at = self._clock.now()
        figures = self._today.figures(queue, at)
        day, hour = (_counted(counts, self._today.definition) for counts in (figures.day, figures.hour))
        told = {
            "since": figures.since,
            **day,
            "max_wait_s": figures.day.longest_wait_ms / 1000,
            "hour": {
                "since": figures.hour_since,
                **hour,
                "max_wait_s": figures.hour.longest_wait_ms / 1000,
            },
            "at": at,
        }
        self._publish("today" if queue is None else f"today/{queue}", told, news=(figures.since, day, hour))

    def _publish_health(self) -> None:
        health = self._pulse.health()
        self._troubles = health["troubles"]
        self._bus.publish("health", health, retain=True)

    def _publish(self, name: str, state: Mapping[str, Any], *, news: Any) -> None:
        """Publish a state if its ``news`` are new; what only tells the moment is none."""
        if self._told.get(name) != news:
            self._told[name] = news
            self._bus.publish(name, state, retain=True)


def _counted(counts: Counts, definition: Definition) -> dict[str, Any]:
    return {
        "offered": counts.offered,
        "answered": counts.answered,
        "abandoned": counts.abandoned,
        "short_abandoned": counts.short_abandoned,
        "overflowed": counts.overflowed,
        "called_back": counts.called_back,
        "other": counts.other,
        "waiting": counts.waiting,
        "answer_rate": _rounded(counts.answer_rate),
        "service_level": _rounded(definition.service_level(counts)),
        "asa_s": None if counts.asa_ms is None else counts.asa_ms / 1000,
    }


def _rounded(rate: Rate) -> float | None:
    return None if rate.value is None else round(rate.value, 4)


def _notice(listed: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what may be told of a notice: not who switched it on."""
    return {
        "notice": listed["notice"],
        "since": listed["at"],
        **{key: listed[key] for key in ("until", "texts", "areas", "services", "heard")},
    }
