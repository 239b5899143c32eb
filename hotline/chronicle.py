"""Where everything that happens is told once: to the journal first, then to the memory, then to the ledger."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import structlog

from hotline.memory import Memory
from ledger.errors import LedgerError
from ledger.events import Event
from ledger.journal import EventId, Journal

log = structlog.get_logger(__name__)

LARGEST_BACKLOG = 100_000


class Chronicle:
    """Records events in order. Callers are served on a full disk too: what cannot be written waits in memory.

    ``tell`` is called with each event that the journal has; ``listeners`` hear of every event at once.
    """

    def __init__(self, journal: Journal, memory: Memory, tell: Callable[[EventId, Event], None]) -> None:
        self.memory = memory
        self.listeners: list[Callable[[Event], None]] = []
        self._journal = journal
        self._tell = tell
        self._backlog: deque[Event] = deque()
        self._trouble: str | None = None

    @property
    def backlog(self) -> int:
        """How many events wait for the disk; 0 in good times."""
        return len(self._backlog)

    @property
    def trouble(self) -> str | None:
        """Why nothing can be written now, or None."""
        return self._trouble

    def record(self, event: Event) -> None:
        """Record one event, before its effect."""
        self._backlog.append(event)
        self.catch_up()
        self.memory.apply(event)
        for listener in self.listeners:
            listener(event)

    def catch_up(self) -> None:
        """Write what waits, in order, as far as the disk lets us. Logs once when trouble begins and ends."""
        while self._backlog:
            event = self._backlog[0]
            try:
                event_id = self._journal.append(event)
            except LedgerError as error:
                self._begin_trouble(str(error))
                return
            self._backlog.popleft()
            self._tell(event_id, event)
        if self._trouble is not None:
            self._trouble = None
            log.warning("journal writable again")

    def _begin_trouble(self, why: str) -> None:
        if self._trouble is None:
            log.error("journal not writable; events wait in memory", reason=why)
        self._trouble = why
        if len(self._backlog) > LARGEST_BACKLOG:
            self._backlog.popleft()
            log.error("event lost: the journal was not writable for too long")
