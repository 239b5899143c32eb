"""A person's data taken out of the ledger. Every row stays, so all counts do; what tells of whom it was is emptied.

An empty number is one that was withheld, to reports as well: nobody takes two who were forgotten for one who called
twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Column, ColumnElement, Connection, String, Table, cast, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import SQLAlchemyError

from ledger.database import open_for_writing, reason, shown, version_of
from ledger.errors import LedgerUnreachable
from ledger.person import without
from ledger.schema import callbacks, callbacks_noted, calls, recordings, tags, transfers, visit_wishes

ERASED_BY = "erased"  # who marked a recording as deleted
_ALIKE_DIGITS = 8
_MOST_ALIKE = 10

# Where a number stands by itself, and when that was.
_NUMBERS: tuple[tuple[Column[Any], Column[Any]], ...] = (
    (calls.c.ani, calls.c.began),
    (callbacks.c.number, callbacks.c.asked),
    (callbacks_noted.c.number, callbacks_noted.c.noted),
    (transfers.c.number, transfers.c.ended),
)

Rows: TypeAlias = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows of each table were emptied, and which files of the mailbox must now be removed.

    ``alike`` are other numbers that end in the same digits, and may be the same person's.
    """

    rows: Rows
    files: tuple[str, ...]
    alike: tuple[str, ...] = ()


def forget(url: str, number: str, *, at: int) -> Erased:
    """Empty all that the ledger holds of a number, in one transaction. ``at`` is now, UTC ms.

    Raises ``BadLedgerUrl``, ``LedgerMissing``, ``LedgerUnreachable`` or ``NewerLedger``.
    """
    with _changing(url) as connection:
        theirs = select(calls.c.call).where(calls.c.ani == number)
        asked = select(callbacks.c.call).where(callbacks.c.number == number)
        files, rows = _delete_recordings(
            connection, or_(recordings.c.call.in_(theirs), recordings.c.call.in_(asked)), at
        )
        rows["visit_wishes"] = _scrub(connection, visit_wishes, visit_wishes.c.attributes, number)
        rows["tags"] = _scrub(connection, tags, tags.c.value, number)
        for column, _ in _NUMBERS:
            rows[column.table.name] = _empty(connection, column, column == number)
        return Erased(rows, files, _alike(connection, number))


def expire(
    url: str, *, at: int, calls_before: int | None = None, recordings_before: int | None = None
) -> Erased:
    """Empty what is older than it may be kept, moments in UTC ms: persons' data of calls, and recordings.

    Each table in a transaction of its own, so that a writer at work waits for none of them long. A call-back that is
    still open keeps its number. Raises as `forget` does.
    """
    rows: dict[str, int] = {}
    files: tuple[str, ...] = ()
    if calls_before is not None:
        for column, moment in _NUMBERS:
            old = moment < calls_before
            if column.table is callbacks:
                old &= callbacks.c.ended.is_not(None)
            with _changing(url) as connection:
                rows[column.table.name] = _empty(connection, column, old)
        of_old_calls = visit_wishes.c.call.in_(select(calls.c.call).where(calls.c.began < calls_before))
        with _changing(url) as connection:
            said = cast(visit_wishes.c.attributes, String) != "{}"
            emptied = update(visit_wishes).where(of_old_calls, said).values(attributes={})
            rows["visit_wishes"] = _count(connection.execute(emptied))
    if recordings_before is not None:
        with _changing(url) as connection:
            files, deleted = _delete_recordings(connection, recordings.c.kept < recordings_before, at)
            rows |= deleted
    return Erased(rows, files)


@contextmanager
def _changing(url: str) -> Any:
    version_of(url)  # a ledger that is not there is not made
    engine = open_for_writing(url)
    try:
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise LedgerUnreachable(shown(url), reason(error)) from error
    finally:
        engine.dispose()


def _empty(connection: Connection, column: Column[Any], which: ColumnElement[bool]) -> int:
    emptied = update(column.table).where(which, column != "").values({column.name: ""})
    return _count(connection.execute(emptied))


def _scrub(connection: Connection, table: Table, column: Column[Any], number: str) -> int:
    """Take a number out of what flows have written about calls."""
    keys = list(table.primary_key)
    holding = select(*keys, column).where(cast(column, String).contains(number, autoescape=True))
    count = 0
    for *key, held in connection.execute(holding).all():
        left = without(held, number)
        if left != held:
            here = (one == fact for one, fact in zip(keys, key, strict=True))
            connection.execute(update(table).where(*here).values({column.name: left}))
            count += 1
    return count


def _delete_recordings(
    connection: Connection, which: ColumnElement[bool], at: int
) -> tuple[tuple[str, ...], dict[str, int]]:
    there = or_(recordings.c.mark.is_(None), recordings.c.mark != "deleted")
    files = tuple(connection.scalars(select(recordings.c.file).where(which, there)))
    deleted = update(recordings).where(which, there)
    marked = deleted.values(mark="deleted", marked=at, marked_by=ERASED_BY)
    return files, {"recordings": _count(connection.execute(marked))}


def _alike(connection: Connection, number: str) -> tuple[str, ...]:
    digits = number.lstrip("+")
    if len(digits) < _ALIKE_DIGITS:
        return ()
    found: set[str] = set()
    for column, _ in _NUMBERS:
        ends = select(column).where(column.endswith(digits[-_ALIKE_DIGITS:], autoescape=True))
        found.update(connection.scalars(ends.distinct().limit(_MOST_ALIKE)))
    return tuple(sorted(found - {number}))


def _count(result: CursorResult[Any]) -> int:
    return result.rowcount
