"""The ledger's one writer: a thread that takes events from the journal into SQL."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import TypeAlias

import structlog
from sqlalchemy import select
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from ledger.database import open_for_writing, reason
from ledger.events import Event
from ledger.fold import Fold
from ledger.journal import EventId, Journal
from ledger.schema import journal_position

_log = structlog.get_logger()
_BATCH = 200
_GATHER_S = 0.25  # a batch for each call would cost its thread twice as much
_RETRY_S = (0.1, 5.0)

_Batch: TypeAlias = Sequence[tuple[EventId, Event]]


@dataclass(frozen=True, slots=True)
class WriterStatistics:
    """How the writer fares.

    ``behind_events`` counts the events told by ``write`` that are not in SQL yet, ``behind_ms`` is how much
    younger the last of those told is than the last one stored. ``catching_up`` says that it reads from the
    journal, after a start or because its queue was full. ``refused`` counts the events that the database
    would not have. ``error`` is why nothing can be stored now.
    """

    running: bool
    catching_up: bool
    behind_events: int
    behind_ms: int
    stored: int
    refused: int
    events_per_second: float
    error: str | None


class LedgerWriter:
    """Stores the events of a journal in a database, each exactly once, from a thread of its own.

    The position in the journal is stored with the rows, in one transaction, so neither a crash nor an event
    told twice changes anything. The queue is bounded, and no event is lost when it is full or the database is
    away: the journal has it, and the writer goes on from there.

    ``site`` and ``node`` name whose journal this is. The database opens here: raises ``BadLedgerUrl``,
    ``LedgerUnreachable`` or ``NewerLedger``.
    """

    def __init__(self, url: str, journal: Journal, *, site: str, node: str, queue_size: int = 10_000) -> None:
        self._journal = journal
        self._site, self._node = site, node
        self._queue_size = queue_size
        self._engine = open_for_writing(url)
        self._fold = self._new_fold()
        self._position = self._stored_position()
        self._told = journal.end
        self._told_at = self._stored_at = 0
        self._settled = 0
        self._queue: deque[tuple[EventId, Event]] = deque()
        self._gap = True  # events that are in the journal only: at the start, all that are new
        self._idle = False
        self._hurry = 0
        self._deadline: float | None = None
        self._written = self._taken = self._stored = self._refused = 0
        self._first_written: EventId | None = None
        self._busy_s = 0.0
        self._error: str | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)

    @property
    def position(self) -> EventId | None:
        """The last event that is in SQL."""
        return self._position

    def start(self) -> None:
        """Begin to store, first what the journal has after the stored position."""
        self._thread.start()

    def write(self, event_id: EventId, event: Event) -> None:
        """Tell of an event that the journal has, in the journal's order. Never waits."""
        with self._changed:
            if self._written and event_id <= self._told:
                return
            self._told, self._told_at = event_id, event.at
            self._first_written = self._first_written or event_id
            self._written += 1
            if len(self._queue) >= self._queue_size:
                self._gap = True
            if not self._gap:
                self._queue.append((event_id, event))
            if self._idle or len(self._queue) == _BATCH:
                self._changed.notify_all()

    def flush(self, timeout: float) -> bool:
        """Wait until all that was told is in SQL, ``timeout`` seconds at most. Return whether it is."""
        with self._changed:
            self._hurry += 1
            self._changed.notify_all()
            try:
                return self._changed.wait_for(self._is_done, timeout)
            finally:
                self._hurry -= 1

    def close(self, timeout: float = 5.0) -> bool:
        """Store what is left, for ``timeout`` seconds at most, and end. Return whether all is stored.

        What is not will be stored after the next start.
        """
        with self._changed:
            self._deadline = time.monotonic() + timeout
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout + 2)  # a statement under way may wait for a lock
        done = self._is_done()
        if not self._thread.is_alive():
            self._engine.dispose()
        return done

    def statistics(self) -> WriterStatistics:
        """Return how the writer fares."""
        with self._changed:
            behind = self._written - self._taken
            return WriterStatistics(
                running=self._thread.is_alive(),
                catching_up=self._gap,
                behind_events=behind,
                behind_ms=max(0, self._told_at - self._stored_at) if behind and self._stored_at else 0,
                stored=self._stored,
                refused=self._refused,
                events_per_second=self._stored / self._busy_s if self._busy_s else 0.0,
                error=self._error,
            )

    def _is_done(self) -> bool:
        return self._idle and not self._queue and not self._gap

    def _run(self) -> None:
        while (batch := self._next_batch()) and self._store_in_the_end(batch):
            pass

    def _next_batch(self) -> _Batch:
        """Wait for events and return up to a batch of them; nothing when it is time to end."""
        while True:
            with self._changed:
                if not self._queue and not self._gap:
                    self._idle = True
                    self._changed.notify_all()
                    self._changed.wait_for(self._must_move)
                    if not self._queue and not self._gap:
                        return ()
                    self._idle = False
                if self._queue:
                    # A few events more cost less in one transaction than each in its own.
                    self._changed.wait_for(self._must_not_wait, _GATHER_S)
                    if batch := self._take_from_queue():
                        return batch
                    continue
                told = self._told
            if batch := self._read_journal(told):
                return batch
            with self._changed:
                self._gap = self._told != told

    def _must_move(self) -> bool:
        return bool(self._queue) or self._gap or self._deadline is not None

    def _must_not_wait(self) -> bool:
        return len(self._queue) >= _BATCH or bool(self._hurry) or self._gap or self._deadline is not None

    def _take_from_queue(self) -> _Batch:
        batch = [self._queue.popleft() for _ in range(min(_BATCH, len(self._queue)))]
        # What was appended before the start and told only after it, the journal has given already.
        fresh = [pair for pair in batch if self._position is None or pair[0] > self._position]
        self._taken += len(batch) - len(fresh)
        return fresh

    def _read_journal(self, told: EventId) -> _Batch:
        events = self._journal.read_from(self._position)
        return list(islice(takewhile(lambda pair: pair[0] <= told, events), _BATCH))

    def _store_in_the_end(self, batch: _Batch) -> bool:
        """Store a batch, however often it takes; return False when the deadline came first."""
        pause, longest = _RETRY_S
        while self._deadline is None or time.monotonic() < self._deadline:
            try:
                self._store(batch)
                return True
            except (IntegrityError, DataError, OverflowError) as error:
                self._fold = self._new_fold()
                if len(batch) > 1:
                    return all(self._store_in_the_end([pair]) for pair in batch)
                self._refuse(*batch[0], error)
                return True
            except (SQLAlchemyError, OSError) as error:
                self._fold = self._new_fold()
                self._suffer(error)
                with self._changed:
                    self._changed.wait_for(lambda: self._deadline is not None, pause)
                pause = min(2 * pause, longest)
        return False

    def _store(self, batch: _Batch) -> None:
        began = time.monotonic()
        last = batch[-1][0]
        if last.segment > self._settled:
            self._journal.settle()
            self._settled = last.segment
        with self._engine.begin() as connection:
            for _, event in batch:
                self._fold.take(connection, event)
            self._fold.save(connection, self._journal.identity, last)
        if self._error is not None:
            _log.info("the ledger takes events again")
        with self._changed:
            self._error = None
            self._stored += len(batch)
            self._busy_s += time.monotonic() - began
            self._count(batch)

    def _refuse(self, event_id: EventId, event: Event, error: Exception) -> None:
        _log.error(
            "event refused by the database; only the journal has it",
            event_id=str(event_id),
            kind=type(event).__name__,
            error=type(error).__name__,
        )
        with self._changed:
            self._refused += 1
            self._count([(event_id, event)])

    def _suffer(self, error: Exception) -> None:
        if self._error is None:
            _log.error("the ledger takes no events now; the journal keeps them", error=reason(error))
        with self._changed:
            self._error = reason(error)

    def _count(self, batch: _Batch) -> None:
        self._position, event = batch[-1]
        self._stored_at = event.at
        if first := self._first_written:
            self._taken += sum(event_id >= first for event_id, _ in batch)

    def _new_fold(self) -> Fold:
        return Fold(self._engine.dialect.name, self._site, self._node)

    def _stored_position(self) -> EventId | None:
        place = journal_position.c
        mine = select(place.segment, place.offset).where(
            place.site == self._site, place.node == self._node, place.journal == self._journal.identity
        )
        with self._engine.connect() as connection:
            row = connection.execute(mine).first()
        return EventId(*row) if row else None
