"""The figures of the AMI client."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

_LAGS_KEPT = 1000


@dataclass(frozen=True, slots=True)
class AmiStatistics:
    """The client's figures, counted since it was made; times in milliseconds."""

    connected: bool
    """Logged in, and the resync done."""
    connections: int
    losses: int
    overflows: int
    """Losses that were our own doing, since the event queue was full."""
    actions: int
    timeouts: int
    late_replies: int
    """Messages that belonged to an action nobody waited for any more."""
    events: int
    """Delivered to the event handler."""
    discarded: int
    """Events of a lost connection that the handler did not get; the resync after it makes up for them."""
    handler_errors: int
    queued: int
    """Events waiting for the handler now."""
    queue_peak: int
    lag_last: int
    lag_max: int
    lag_p99: int
    """The 99th percentile over the last 1,000 events."""
    ping: float | None
    """The round trip of the last ping."""
    last_error: str
    """Why the client was last not connected; empty where it never was."""


@dataclass(slots=True)
class Tally:
    """Count what the client does, until `AmiStatistics` is asked for."""

    connections: int = 0
    losses: int = 0
    overflows: int = 0
    actions: int = 0
    timeouts: int = 0
    late_replies: int = 0
    events: int = 0
    discarded: int = 0
    handler_errors: int = 0
    queue_peak: int = 0
    lag_max: int = 0
    ping: float | None = None
    lags: deque[int] = field(default_factory=lambda: deque(maxlen=_LAGS_KEPT))

    def lagged(self, milliseconds: int) -> None:
        """Note the age of one event."""
        self.lags.append(milliseconds)
        self.lag_max = max(self.lag_max, milliseconds)

    def statistics(self, *, connected: bool, queued: int, queue_peak: int, last_error: str) -> AmiStatistics:
        """Return the figures as they are now."""
        ordered = sorted(self.lags)
        return AmiStatistics(
            connected=connected,
            connections=self.connections,
            losses=self.losses,
            overflows=self.overflows,
            actions=self.actions,
            timeouts=self.timeouts,
            late_replies=self.late_replies,
            events=self.events,
            discarded=self.discarded,
            handler_errors=self.handler_errors,
            queued=queued,
            queue_peak=queue_peak,
            lag_last=self.lags[-1] if self.lags else 0,
            lag_max=self.lag_max,
            lag_p99=ordered[(len(ordered) * 99 - 1) // 100] if ordered else 0,
            ping=self.ping,
            last_error=last_error,
        )
