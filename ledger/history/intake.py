"""Takes other programs' files into the ledger, and tells what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from ledger.history import cdr, queue_log, seats, telling
from ledger.history.source import Watcher
from ledger.history.store import HistoryStore
from ledger.history.story import Story
from ledger.history.tally import Tally


@dataclass(frozen=True, slots=True)
class Intake:
    """What files came to. ``calls`` and ``visits`` are those that the files tell of, known before or not.

    ``own_calls`` are those that an engine of this ledger had recorded itself, and that were left as they are.
    ``began`` and ``ended``, UTC ms, are None where the files tell of no call.
    """

    tally: Tally
    calls: int
    visits: int
    new_calls: int
    own_calls: int
    began: int | None
    ended: int | None


def take_queue_log(url: str, site: str, files: Sequence[str], watcher: Watcher) -> Intake:
    """Store what the ``queue_log`` files of one Asterisk tell, under the name ``site``.

    The same lines again, alone or in other files, change nothing; lines that tell more of a known call complete it.
    Raises `HistoryUnreadable` and `TwiceFromStdin` before anything is stored, and `LedgerError` for the ledger.
    """
    tally = Tally()
    lines = queue_log.read(files, tally, watcher)
    told = telling.stories(lines, tally)
    with closing(HistoryStore(url, site)) as store:
        watcher.begin("storing", len(told))
        store.put(told.values(), watcher.reached)
        if lines:
            store.put_seats(seats.marks(lines, told.values()), lines[-1].at)
    return _intake(tally, list(told.values()), store)


def take_cdr(url: str, site: str, files: Sequence[str], zone: ZoneInfo, watcher: Watcher) -> Intake:
    """Store what the ``Master.csv`` files of one Asterisk tell, their times local to ``zone``; else as the above."""
    tally = Tally()
    told = list(cdr.stories(cdr.read(files, zone, tally, watcher)))
    with closing(HistoryStore(url, site)) as store:
        watcher.begin("storing", len(told))
        store.put(told, watcher.reached, join=cdr.completed)
    return _intake(tally, told, store)


def _intake(tally: Tally, told: Sequence[Story], store: HistoryStore) -> Intake:
    return Intake(
        tally=tally,
        calls=len(told),
        visits=sum(len(story.stays) for story in told),
        new_calls=store.new_calls,
        own_calls=store.own_calls,
        began=min((story.began for story in told), default=None),
        ended=max((story.ended for story in told), default=None),
    )
