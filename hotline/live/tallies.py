"""What Prometheus is told that is counted as it happens, from the engine's start on."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from ledger.events import CallBegan, CallEnded, Event, Healed, OfferEnded, VisitBegan, VisitEnded

WAITS_S = (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200)
LAGS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)


class Tallies:
    """Hears every event and counts. ``waiting`` are the visits that began before this engine and wait yet.

    A call-back is no second call for a person: its visits are not counted.
    """

    def __init__(self, waiting: Iterable[VisitBegan] = ()) -> None:
        # else each counter brings a gauge with the moment at which it was made
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library types it not
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._calls = Counter("hotline_calls", "Calls of callers that began", registry=registry)
        self._ended = Counter("hotline_calls_ended", "Calls that ended", ["outcome"], registry=registry)
        self._offered = Counter(
            "hotline_offered", "Callers who asked for a person", ["queue"], registry=registry
        )
        self._visits = Counter(
            "hotline_visits", "Visits that ended, by outcome", ["queue", "outcome"], registry=registry
        )
        self._waits = Histogram(
            "hotline_wait_seconds",
            "Waits of the answered and the abandoned",
            ["queue", "outcome"],
            buckets=WAITS_S,
            registry=registry,
        )
        self._offers = Counter(
            "hotline_offers", "Offers to seats, by outcome", ["outcome"], registry=registry
        )
        self._healings = Counter(
            "hotline_healings", "Contradictions with Asterisk put right", ["what"], registry=registry
        )
        self._lag = Histogram(
            "hotline_event_loop_lag_seconds", "Lateness of the event loop", buckets=LAGS_S, registry=registry
        )
        self._queue_of = {visit.visit: visit.queue for visit in waiting if visit.visit_kind == "call"}

    def lagged(self, seconds: float) -> None:
        """Count one lateness of the event loop."""
        self._lag.observe(seconds)

    def heard(self, event: Event) -> None:
        """Take in one event."""
        match event:
            case CallBegan(call_kind="caller"):
                self._calls.inc()
            case CallEnded():
                self._ended.labels(event.outcome).inc()
            case VisitBegan(visit_kind="call"):
                self._queue_of[event.visit] = event.queue
                self._offered.labels(event.queue).inc()
            case VisitEnded():
                self._left(event)
            case OfferEnded():
                self._offers.labels(event.outcome).inc()
            case Healed():
                self._healings.labels(event.what).inc()
            case _:
                pass

    def _left(self, event: VisitEnded) -> None:
        queue = self._queue_of.pop(event.visit, None)
        if queue is None:
            return
        self._visits.labels(queue, event.outcome).inc()
        if event.outcome in ("answered", "abandoned"):
            self._waits.labels(queue, event.outcome).observe(event.wait_ms / 1000)
