"""What the ledger holds of some days that staffing asks for."""

from __future__ import annotations

from ledger.reader import LedgerReader
from ledger.workload import WorkloadReader
from reports.measures import Definition, Stay, stay, stays_of_calls, within
from reports.staffing.demand import HALF_HOUR_MS, HalfHour, half_hours, talks_of
from reports.staffing.patience import Patience, patience

_PART_MS = 48 * HALF_HOUR_MS  # a day's records are in memory at a time


class NobodyCame(Exception):
    """No call ever waited in a queue of this name; ``known`` are those in which one did."""

    def __init__(self, queue: str, known: list[str]) -> None:
        self.queue, self.known = queue, known
        super().__init__(
            f"No call ever waited in a queue {queue!r}. On record: {', '.join(known) or 'none'}."
        )


class Record:
    """The ledger's days, of one queue or (None) of all together, as of ``now``, UTC ms.

    Call-backs are left out: nobody waits in them. Raises as `LedgerReader` does.
    """

    def __init__(self, url: str, *, site: str | None, queue: str | None, now: int) -> None:
        self._ledger = LedgerReader(url, site=site)
        self._workload = WorkloadReader(url, site=site)
        self._queue, self._now = queue, now

    def close(self) -> None:
        """Close the connections."""
        self._ledger.close()
        self._workload.close()

    def look(self, began: int, ended: int, definition: Definition) -> tuple[list[HalfHour], Patience]:
        """Return the half hours of a period, and the patience of its callers. Raises `NobodyCame`."""
        halves, stays = list[HalfHour](), list[Stay]()
        for first in range(began, ended, _PART_MS):
            part, stayed = self._part(first, min(first + _PART_MS, ended), definition)
            halves += part
            stays += stayed
        if not stays and self._queue is not None and self._queue not in (known := self._workload.queues()):
            raise NobodyCame(self._queue, known)
        return halves, patience(stays)

    def _part(self, began: int, ended: int, definition: Definition) -> tuple[list[HalfHour], list[Stay]]:
        if self._queue is None:
            visits = self._ledger.visits_of_calls(began, ended)
        else:
            visits = self._ledger.visits(began, ended, queue=self._queue)
        visits = [visit for visit in visits if visit.visit_kind != "callback"]
        if self._queue is None:
            stays = within(stays_of_calls(visits, self._now), began, ended)
            seats = self._ledger.seat_intervals(began, ended) or None
        else:  # which seats were there for one queue, no record tells
            stays, seats = [stay(visit, self._now) for visit in visits], None
        talks = talks_of(visits, self._workload.handling(began, ended))
        return half_hours(began, ended, stays, talks, seats, definition, as_of=self._now), stays
