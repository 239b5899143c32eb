"""How late the event loop is: the one figure that tells whether anything blocks it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

EVERY_S = 0.05
KEPT = 1_200  # a minute's


class LoopLag:
    """Wakes up again and again and notes how much later than asked that was. `run` it in a task; cancel to end it.

    ``observe`` is told each lateness too, in seconds.
    """

    def __init__(
        self,
        observe: Callable[[float], None],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._observe = observe
        self._clock = clock
        self._sleep = sleep
        self._kept: deque[float] = deque(maxlen=KEPT)

    @property
    def p99(self) -> float:
        """The lateness, in seconds, that one in a hundred of the last minute exceeded; 0 before there is any."""
        ordered = sorted(self._kept)
        return ordered[(len(ordered) * 99 - 1) // 100] if ordered else 0.0

    async def run(self) -> None:
        """Measure, for ever."""
        while True:
            began = self._clock()
            await self._sleep(EVERY_S)
            late = max(0.0, self._clock() - began - EVERY_S)
            self._kept.append(late)
            self._observe(late)
