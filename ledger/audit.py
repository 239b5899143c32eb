"""The audit: the ledger reconciled with itself, with its roll-ups, and with Asterisk's own records of calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, tzinfo
from pathlib import Path

from sqlalchemy import Connection, and_, case, func, select
from sqlalchemy.exc import SQLAlchemyError

from ledger.cdr import Cdr, read_cdr
from ledger.consistency import MOMENTS, OUTCOMES, Period, checks
from ledger.database import reason, shown
from ledger.errors import LedgerUnreachable
from ledger.findings import Difference, Findings, QueueSum, utc
from ledger.reader import LedgerReader
from ledger.reconciliation import Reconciliation
from ledger.rollup_schema import rollup_quarters, rollups
from ledger.schema import calls, conversations, offers, seat_states, visits
from ledger.snapshot import snapshot
from ledger.tally import QUARTER_MS, Tally, unpack
from ledger.tallying import Filter, Place, by_queue, of_calls

_COUNTED = (
    (calls, calls.c.began),
    (visits, visits.c.arrived),
    (offers, offers.c.made),
    (conversations, conversations.c.began),
    (seat_states, seat_states.c.began),
)
_AT_ONCE = 96  # quarter-hours: a day


def audit(
    url: str,
    *,
    as_of: int,
    began: int = 0,
    ended: int | None = None,
    site: str | None = None,
    cdr: Sequence[Path] = (),
    zone: tzinfo = UTC,
) -> Findings:
    """Reconcile what began in a period; moments are UTC ms, ``as_of`` is now, and the period's end where none is given.

    ``cdr`` are Asterisk's records, in ``zone`` where they are not in UTC; without any they are not compared. Blocks,
    and reads one moment of the ledger: run it in a thread of its own.
    Raises the errors of `LedgerReader`, and `CdrUnreadable`.
    """
    period = Period(began, as_of if ended is None else ended, as_of, site)
    records = read_cdr(cdr, zone) if cdr else None
    try:
        with closing(LedgerReader(url, site=site)) as reader, snapshot(reader) as view:
            return _reconciled(view.connection, period, records)
    except SQLAlchemyError as error:
        raise LedgerUnreachable(shown(url), reason(error)) from error


def _reconciled(connection: Connection, period: Period, records: Cdr | None) -> Findings:
    counts = {
        table.name: connection.scalar(
            select(func.count()).select_from(table).where(period.holds(moment, table.c.site))
        )
        or 0
        for table, moment in _COUNTED
    }
    queues = tuple(_queue_sums(connection, period))
    differences = [*_within(connection, period), *_of_sums(queues), *_of_roll_ups(connection, period)]
    compared = None
    if records is not None:
        reconciliation = Reconciliation(connection, period, records)
        differences.extend(reconciliation.differences())
        compared = reconciliation.counts
    return Findings(period.began, period.ended, counts, queues, compared, tuple(differences))


def _within(connection: Connection, period: Period) -> Iterator[Difference]:
    for check in checks(period):
        for row in connection.execute(check.rows).mappings():
            facts = {
                name: utc(fact) if name in MOMENTS and fact is not None else fact
                for name, fact in row.items()
            }
            yield Difference(check.name, row["subject"], check.says.format(**facts), row["at"])


def _queue_sums(connection: Connection, period: Period) -> Iterator[QueueSum]:
    is_call = func.coalesce(visits.c.visit_kind, "call") != "callback"
    classes = [and_(visits.c.left.is_not(None), visits.c.outcome == outcome) for outcome in OUTCOMES]
    parts = [and_(is_call, one) for one in (*classes, visits.c.left.is_(None))]
    sums = [func.count(case((one, 1))) for one in (is_call, *parts, ~is_call)]
    question = select(visits.c.queue, *sums)
    question = question.where(period.holds(visits.c.arrived, visits.c.site))
    for row in connection.execute(question.group_by(visits.c.queue).order_by(visits.c.queue)):
        yield QueueSum(*row)


def _of_sums(queues: Sequence[QueueSum]) -> Iterator[Difference]:
    for queue in queues:
        if not queue.adds_up:
            yield Difference("sums", queue.queue, f"its visits do not add up: {queue}")


def _of_roll_ups(connection: Connection, period: Period) -> Iterator[Difference]:
    """Compare the roll-ups of whole quarter-hours with the rows that they were made of."""
    quarter = rollup_quarters.c.quarter
    whole = and_(quarter >= -(-period.began // QUARTER_MS), quarter < period.ended // QUARTER_MS)
    settled = set(connection.scalars(select(quarter).where(whole)))
    for day in sorted({one // _AT_ONCE for one in settled}):
        first, after = day * _AT_ONCE, (day + 1) * _AT_ONCE
        kept: dict[Place, Tally] = {}
        for row in connection.execute(
            select(rollups).where(rollups.c.quarter >= first, rollups.c.quarter < after)
        ):
            counts = (row.handled, row.talk_ms, row.hold_ms, row.wrap_up_ms, row.callbacks)
            kept[Place(row.site, row.queue, row.quarter)] = Tally(unpack(row.waits), *counts)
        made: dict[Place, Tally] = {}
        for read in (by_queue, of_calls):
            made |= read(connection, first * QUARTER_MS, after * QUARTER_MS, period.as_of, Filter())
        for place in sorted(kept.keys() | made.keys(), key=str):
            if place.label in settled and kept.get(place) != made.get(place):
                at = int(place.label) * QUARTER_MS
                queue = place.queue or "all calls"
                yield Difference(
                    "roll-up",
                    queue,
                    f"the roll-up of the quarter-hour at {utc(at)} is not the sum of its rows",
                    at,
                )
