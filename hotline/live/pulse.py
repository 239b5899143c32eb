"""The engine's pulse: how its parts fare, in figures that may leave the machine."""

from __future__ import annotations

from collections.abc import Callable, Sized
from typing import Any, Protocol

from acd.ami_statistics import AmiStatistics
from hotline.clock import Clock
from hotline.live.lag import LoopLag
from hotline.live.topics import Trouble
from ledger.writer import WriterStatistics


class Journalling(Protocol):
    """As much of the chronicle as tells how it fares."""

    @property
    def backlog(self) -> int:
        """How many events wait for the disk."""

    @property
    def trouble(self) -> str | None:
        """Why nothing can be written now."""


class Pulse:
    """Asks the parts how they fare. ``started`` is when this engine began, UTC ms.

    What ails them is told by name alone: their own words may hold paths and addresses.
    """

    def __init__(
        self,
        clock: Clock,
        version: str,
        *,
        calls: Sized,
        ami: Callable[[], AmiStatistics],
        ledger: Callable[[], WriterStatistics],
        journal: Journalling,
        lag: LoopLag,
    ) -> None:
        self.started = clock.now()
        self.version = version
        self.calls = calls
        self.ami = ami
        self.ledger = ledger
        self.journal = journal
        self.lag = lag
        self._clock = clock

    def troubles(self) -> list[Trouble]:
        """Return which parts do not work now."""
        ails: dict[Trouble, bool] = {
            "asterisk": not self.ami().connected,
            "journal": self.journal.trouble is not None,
            "ledger": self.ledger().error is not None,
        }
        return [part for part, ailing in ails.items() if ailing]

    def health(self) -> dict[str, Any]:
        """Return what the topic ``health`` tells, but for the version of its form."""
        return {
            "at": self._clock.now(),
            "started": self.started,
            "version": self.version,
            "calls": len(self.calls),
            "loop_lag_ms": round(1000 * self.lag.p99, 1),
            "ami_lag_ms": self.ami().lag_p99,
            "ledger_behind": self.ledger().behind_events,
            "journal_waiting": self.journal.backlog,
            "troubles": self.troubles(),
        }
