"""How many may ask a service at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ivr.house import LookupFailed

WAITING = 100


class Gate:
    """Lets so many through at once; so many more may wait, and others are turned away at once."""

    def __init__(self, most: int, waiting: int = WAITING) -> None:
        self._free = asyncio.Semaphore(most)
        self._most_waiting = waiting
        self.waiting = 0

    @asynccontextmanager
    async def passed(self) -> AsyncIterator[None]:
        """Wait for one's turn. Raises `LookupFailed` when too many wait already."""
        if self._free.locked() and self.waiting >= self._most_waiting:
            raise LookupFailed("too many are waiting for it")
        self.waiting += 1
        try:
            await self._free.acquire()
        finally:
            self.waiting -= 1
        try:
            yield
        finally:
            self._free.release()
