"""Roll-ups: the tallies of quarter-hours of which nothing goes on any more, kept so that years are read at once.

They are of use only for speed: where a quarter-hour is not settled, or is asked for in part, the rows are read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from sqlalchemy import Connection, Engine, Select, delete, func, insert, select

from ledger import schema
from ledger.rollup_schema import LOCK, rollup_quarters, rollups
from ledger.snapshot import Snapshot
from ledger.tally import OUTCOMES, QUARTER_MS, WAITING, Tally, unpack
from ledger.tallying import ALL_CALLS, Filter, Place, by_queue, of_calls

_AT_ONCE = 24  # quarter-hours in one transaction, for it holds up the writer
_READ_AT_ONCE = 96
_COUNTS = ("handled", "talk_ms", "hold_ms", "wrap_up_ms", "callbacks")


@dataclass(frozen=True, slots=True)
class Arrivals:
    """How many arrived in a quarter-hour, how many of these were answered, and how many wait yet."""

    offered: int = 0
    answered: int = 0
    waiting: int = 0

    def __add__(self, more: Arrivals) -> Arrivals:
        return Arrivals(
            self.offered + more.offered, self.answered + more.answered, self.waiting + more.waiting
        )


def settle(engine: Engine, before: int) -> int:
    """Sum up each quarter-hour that was over at ``before``, UTC ms, and is not settled. Return how many were.

    One in which somebody arrived who still waits is left for later. Blocks; takes the database's write lock again and
    again, each time for a fraction of a second. Choose ``before`` an hour ago or so: what is settled too early is
    right too, but is done again. The engine must be one that may write.
    """
    settled = 0
    with engine.connect() as connection:
        known = set(connection.scalars(select(rollup_quarters.c.quarter)))
        runs = list(_unsettled(connection, known, before // QUARTER_MS))
    for run in runs:
        with engine.begin() as connection:
            settled += _settle(connection, run)
    return settled


def unsettle(engine: Engine) -> None:
    """Forget all roll-ups. Reports read the rows until they are settled again."""
    with engine.begin() as connection:
        _alone(connection)
        connection.execute(delete(rollup_quarters))
        connection.execute(delete(rollups))


def rebuild(engine: Engine, before: int) -> int:
    """Make all roll-ups anew, up to ``before``, UTC ms. Return how many quarter-hours were settled."""
    unsettle(engine)
    return settle(engine, before)


def tallies(
    snapshot: Snapshot, began: int, ended: int, as_of: int, *, each: bool = False, which: Filter | None = None
) -> Iterator[tuple[int, str, Tally]]:
    """Yield quarter-hours (their beginning, UTC ms), queues and tallies of what arrived in a period.

    With ``each``, of every queue, or the one that ``which`` names; without, of all calls, each once, under the name
    `ALL_CALLS`. Empty quarter-hours are left out, and the order is any; a quarter-hour may come more than once.
    """
    which = which or Filter(site=snapshot.site)
    read = by_queue if each else of_calls
    for settled, start, end in _parts(snapshot, began, ended, rows_only=which.of_calls):
        if settled:
            yield from _kept(snapshot, start, end, each, which)
            continue
        for part in _with_arrivals(snapshot.connection, start, end):
            for place, tally in read(snapshot.connection, *part, as_of, which).items():
                yield int(place.label) * QUARTER_MS, place.queue, tally


def arrivals(
    snapshot: Snapshot, began: int, ended: int, as_of: int, *, which: Filter | None = None
) -> dict[int, Arrivals]:
    """Return what arrived in each quarter-hour (its beginning, UTC ms) of a period: calls, each once.

    Where ``which`` names a queue: visits to it. Much faster than `tallies`.
    """
    which = which or Filter(site=snapshot.site)
    each = which.queue is not None
    read = by_queue if each else of_calls
    found: dict[int, Arrivals] = defaultdict(Arrivals)
    r = rollups.c
    offered = func.sum(r.answered + r.abandoned + r.overflowed + r.called_back + r.other)
    for settled, start, end in _parts(snapshot, began, ended, rows_only=which.of_calls):
        if settled:
            question = _wanted(select(r.quarter, offered, func.sum(r.answered)), start, end, each, which)
            for quarter, count, answered in snapshot.connection.execute(question.group_by(r.quarter)):
                found[quarter * QUARTER_MS] = Arrivals(int(count), int(answered))
            continue
        for part in _with_arrivals(snapshot.connection, start, end):
            for place, tally in read(snapshot.connection, *part, as_of, which).items():
                counts = Arrivals(tally.offered, tally.of("answered").count, tally.of(WAITING).count)
                found[int(place.label) * QUARTER_MS] += counts
    return dict(found)


def _settle(connection: Connection, quarters: Sequence[int]) -> int:
    """Settle those of consecutive quarter-hours in which nobody waits any more, nor elsewhere in the same call."""
    _alone(connection)
    began, ended = quarters[0] * QUARTER_MS, (quarters[-1] + 1) * QUARTER_MS
    found: dict[Place, Tally] = {}
    for read in (by_queue, of_calls):
        found |= read(connection, began, ended, ended, Filter())
    waiting = {place.label for place, tally in found.items() if WAITING in tally.waits}
    visits = schema.visits.c
    open_calls = select(visits.call).where(visits.left.is_(None))
    waiting.update(
        connection.scalars(select(visits.arrived // QUARTER_MS).where(visits.call.in_(open_calls)))
    )
    done = [quarter for quarter in quarters if quarter not in waiting]
    if not done:
        return 0
    connection.execute(delete(rollups).where(rollups.c.quarter.in_(done)))
    if rows := [_row(place, tally) for place, tally in found.items() if place.label not in waiting]:
        connection.execute(insert(rollups), rows)
    # Where another process was faster it did the same.
    connection.execute(delete(rollup_quarters).where(rollup_quarters.c.quarter.in_(done)))
    connection.execute(insert(rollup_quarters), [{"quarter": quarter} for quarter in done])
    return len(done)


def _alone(connection: Connection) -> None:
    """Keep everybody from changing what is read from now on, until the transaction is over."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(select(func.pg_advisory_xact_lock(LOCK)))


def _row(place: Place, tally: Tally) -> dict[str, object]:
    outcomes = {_column(outcome): tally.of(outcome).count for outcome in OUTCOMES}
    counts = {name: getattr(tally, name) for name in _COUNTS}
    return (
        {"quarter": place.label, "queue": place.queue, "site": place.site, "waits": tally.pack()}
        | outcomes
        | counts
    )


def _column(outcome: str) -> str:
    return outcome.replace("-", "_")


def _kept(
    snapshot: Snapshot, began: int, ended: int, each: bool, which: Filter
) -> Iterator[tuple[int, str, Tally]]:
    columns = (rollups.c[name] for name in ("quarter", "queue", "waits", *_COUNTS))
    rows = snapshot.connection.execution_options(yield_per=500).execute(
        _wanted(select(*columns), began, ended, each, which)
    )
    for quarter, queue, waits, *counts in rows:
        yield quarter * QUARTER_MS, queue, Tally(unpack(waits), *counts)


def _wanted(question: Select[Any], began: int, ended: int, each: bool, which: Filter) -> Select[Any]:
    question = question.where(
        rollups.c.quarter >= began // QUARTER_MS, rollups.c.quarter < ended // QUARTER_MS
    )
    if which.queue is not None:
        question = question.where(rollups.c.queue == which.queue)
    else:
        question = question.where((rollups.c.queue != ALL_CALLS) if each else (rollups.c.queue == ALL_CALLS))
    return question if which.site is None else question.where(rollups.c.site == which.site)


def _parts(snapshot: Snapshot, began: int, ended: int, *, rows_only: bool) -> Iterator[tuple[bool, int, int]]:
    """Yield whether it is settled, the beginning and the end of each part of a period."""
    place = began
    for start, end in () if rows_only else _settled(snapshot, began, ended):
        if place < start:
            yield False, place, start
        yield True, start, end
        place = end
    if place < ended:
        yield False, place, ended


def _settled(snapshot: Snapshot, began: int, ended: int) -> Iterator[tuple[int, int]]:
    """Yield stretches of settled quarter-hours that lie whole in a period, UTC ms."""
    quarter = rollup_quarters.c.quarter
    inside = quarter >= -(-began // QUARTER_MS), quarter < ended // QUARTER_MS
    # Consecutive numbers are all as far from their places in the order.
    ahead = quarter - func.row_number().over(order_by=quarter)
    each = select(quarter, ahead.label("ahead")).where(*inside).subquery().c
    runs = select(func.min(each.quarter), func.max(each.quarter)).group_by(each.ahead).order_by(each.ahead)
    for first, last in snapshot.connection.execute(runs):
        yield first * QUARTER_MS, (last + 1) * QUARTER_MS


def _unsettled(connection: Connection, known: Set[int], before: int) -> Iterator[list[int]]:
    """Yield runs of quarter-hours before ``before`` that are not settled, without stretches that have no calls."""
    quarter = 0
    while (arrived := _next_arrival(connection, quarter * QUARTER_MS)) is not None:
        first = arrived // QUARTER_MS
        if run := list(takewhile(lambda q: q not in known, range(first, min(first + _AT_ONCE, before)))):
            yield run
        quarter = first + len(run)
        if quarter >= before:
            return
        while quarter in known:
            quarter += 1


def _with_arrivals(connection: Connection, began: int, ended: int) -> Iterator[tuple[int, int]]:
    """Yield the parts of a period in which somebody arrived, each of a day at most."""
    while (arrived := _next_arrival(connection, began)) is not None and arrived < ended:
        began = max(began, arrived // QUARTER_MS * QUARTER_MS)
        end = min(ended, began + _READ_AT_ONCE * QUARTER_MS)
        yield began, end
        began = end


def _next_arrival(connection: Connection, at: int) -> int | None:
    arrived = schema.visits.c.arrived
    found: int | None = connection.scalar(select(func.min(arrived)).where(arrived >= at))
    return found
