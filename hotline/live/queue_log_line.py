"""The way of our own calls into Asterisk's ``queue_log``: a bounded queue, and one who tells, in order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from acd.ami import AmiError
from hotline.live.queue_log import ACTION, Entry, QueueLog
from ledger.events import Event

log = structlog.get_logger(__name__)

MOST_WAITING = 2_000


class QueueLogLine:
    """Hears events, and has Asterisk write them. What finds no room, or no Asterisk, is dropped and counted.

    `run` it in a task; cancel that to end it.
    """

    def __init__(
        self, translation: QueueLog, act: Callable[[str, Mapping[str, Any]], Awaitable[Any]]
    ) -> None:
        self.dropped = 0
        self._translation = translation
        self._act = act
        self._waiting: asyncio.Queue[Entry] = asyncio.Queue(MOST_WAITING)

    def heard(self, event: Event) -> None:
        """Take in one event. Never waits."""
        for entry in self._translation.entries(event):
            try:
                self._waiting.put_nowait(entry)
            except asyncio.QueueFull:
                self._drop()

    async def run(self) -> None:
        """Tell Asterisk, for ever."""
        while True:
            entry = await self._waiting.get()
            try:
                await self._act(ACTION, entry.headers())
            except AmiError:
                self._drop()

    def _drop(self) -> None:
        if not self.dropped:
            log.warning("lines of the queue_log are lost: Asterisk cannot take them now")
        self.dropped += 1
