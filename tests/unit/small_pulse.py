"""A pulse whose parts are figures that a test may set."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from acd.ami_statistics import AmiStatistics, Tally
from hotline.clock import Clock
from hotline.live.lag import LoopLag
from hotline.live.pulse import Pulse
from ledger.writer import WriterStatistics


@dataclass
class Journalling:
    """As much of a chronicle as tells how it fares."""

    backlog: int = 0
    trouble: str | None = None


@dataclass
class Parts:
    """What the pulse asks."""

    calls: list[str] = field(default_factory=list)
    journal: Journalling = field(default_factory=Journalling)
    ami: AmiStatistics = field(
        default_factory=lambda: Tally().statistics(connected=True, queued=0, queue_peak=0, last_error="")
    )
    ledger: WriterStatistics = field(
        default_factory=lambda: WriterStatistics(
            running=True, catching_up=False, behind_events=0, behind_ms=0, stored=0, refused=0,
            events_per_second=0.0, error=None,
        )
    )  # fmt: skip

    def lose_asterisk(self) -> None:
        """Let the connection to Asterisk be lost."""
        self.ami = replace(self.ami, connected=False, losses=1)

    def lose_ledger(self) -> None:
        """Let the database be away."""
        self.ledger = replace(self.ledger, behind_events=7, error="away")


def pulse_of(clock: Clock, parts: Parts | None = None) -> Pulse:
    """Return a pulse of an engine that begins now."""
    asked = parts or Parts()
    return Pulse(
        clock,
        "0.1.0",
        calls=asked.calls,
        ami=lambda: asked.ami,
        ledger=lambda: asked.ledger,
        journal=asked.journal,
        lag=LoopLag(lambda _: None),
    )
