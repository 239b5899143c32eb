"""What the bus tells: every queue and seat as a state, and what happens as events. No caller's number or key."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from hotline.bus import Bus
from ledger.events import Event

EVERY_S = 0.2
MOST_TOGETHER = 200  # events in one message
REFRESH_S = 5.0  # for what no event tells, such as callers who come back after a restart
# Fields of events that may be told. Numbers, keys, names and variables are not among them.
TOLD = (
    *("at", "call", "visit", "offer", "seat", "queue"),
    *("outcome", "reason", "wait_ms", "talk_ms", "ended_by", "was", "now"),
)


class Publisher:
    """Listens to the chronicle, and publishes it with what changed on the floor, at most every `EVERY_S` seconds.

    ``floor`` returns what `hotline.control.Control.floor` does. `run` it in a task; cancel that to end it.
    """

    def __init__(
        self,
        bus: Bus,
        floor: Callable[[], Mapping[str, Any]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._bus = bus
        self._floor = floor
        self._sleep = sleep
        self._changed = asyncio.Event()
        self._told: dict[str, Mapping[str, Any]] = {}
        self._happened: list[Mapping[str, Any]] = []

    def heard(self, event: Event) -> None:
        """Take in one event. The floor is looked at later, when the event has had its effect."""
        ids = {name: getattr(event, name) for name in TOLD if hasattr(event, name)}
        self._happened.append({"kind": type(event).__name__} | ids)
        self._changed.set()

    async def run(self) -> None:
        """Publish the floor, and again whenever it changed, for ever."""
        while True:
            self._changed.clear()
            self._publish_events()
            self._publish_changes()
            await self._sleep(EVERY_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(REFRESH_S):
                    await self._changed.wait()

    def _publish_events(self) -> None:
        """Publish what happened, many in a message: at 300 calls a second one each would cost half the engine."""
        happened, self._happened = self._happened, []
        for first in range(0, len(happened), MOST_TOGETHER):
            self._bus.publish("events", {"events": happened[first : first + MOST_TOGETHER]}, retain=False)

    def _publish_changes(self) -> None:
        floor = self._floor()
        now = floor["now"]
        for name, queue in floor["queues"].items():
            longest = queue["longest_wait_ms"]
            since = now - longest if queue["waiting"] else None
            state = {"waiting": queue["waiting"], "longest_wait_since": since}
            self._publish(f"queue/{name}", state, {"longest_wait_ms": longest, "at": now})
        for name, seat in floor["seats"].items():
            state = {key: seat[key] for key in ("state", "since", "reason")}
            self._publish(f"seat/{name}", state, {"at": now})

    def _publish(self, name: str, state: Mapping[str, Any], moment: Mapping[str, Any]) -> None:
        """Publish a state if it is new; what only tells the moment is no news."""
        if self._told.get(name) != state:
            self._told[name] = state
            self._bus.publish(name, {**state, **moment}, retain=True)
