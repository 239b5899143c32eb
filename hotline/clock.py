"""The one clock: UTC milliseconds that never go back."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Time as the house reads it, for records and for durations alike. Tests pass a virtual one."""

    def now(self) -> int:
        """Return UTC milliseconds since 1970; never less than before."""

    def of_wall(self, ms: int) -> int:
        """Return this clock's time for what another program read off the machine's, UTC ms."""


class SystemClock:
    """The wall time at the start, carried on by the monotonic clock: a step of the machine's clock moves no wait."""

    def __init__(self) -> None:
        self._ahead = time.time_ns() - time.monotonic_ns()

    def now(self) -> int:
        """Return UTC milliseconds since 1970; never less than before."""
        return (self._ahead + time.monotonic_ns()) // 1_000_000

    def of_wall(self, ms: int) -> int:
        """Return this clock's time for what another program read off the machine's, UTC ms."""
        return ms + self.now() - time.time_ns() // 1_000_000
