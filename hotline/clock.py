"""The one clock: monotonic milliseconds for durations, wall milliseconds for records."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Time as the house reads it. Tests pass a virtual one."""

    def monotonic_ms(self) -> int:
        """Return milliseconds since some fixed moment; never goes back."""

    def wall_ms(self) -> int:
        """Return UTC milliseconds since 1970."""


class SystemClock:
    """The machine's own clock."""

    def monotonic_ms(self) -> int:
        """Return milliseconds since some fixed moment; never goes back."""
        return time.monotonic_ns() // 1_000_000

    def wall_ms(self) -> int:
        """Return UTC milliseconds since 1970."""
        return time.time_ns() // 1_000_000
