"""A ledger kept in one file, and made again from it: for SQLite and PostgreSQL alike, and from one to the other.

The file is gzip of lines of JSON: a header; for each table its name and columns, then its rows as lists; at the end
how many rows each table had. The journal's position is among the rows, so what is restored goes on from there.
"""

from __future__ import annotations

import errno
import gzip
import json
import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from ledger.database import emptied, open_for_writing, reason, shown, version_of
from ledger.errors import BackupTorn, BackupUnfit, LedgerMissing, LedgerNotEmpty, LedgerUnreachable
from ledger.reader import LedgerReader
from ledger.rollup_schema import rollup_quarters, rollups
from ledger.schema import VERSION, journal_position, ledger_version
from ledger.snapshot import snapshot

_FORMAT = 1
_BATCH = 1_000
# What is made of the other tables is not kept, and the version stands in the header.
_TABLES: Mapping[str, Table] = {
    table.name: table
    for table in rollups.metadata.sorted_tables
    if table not in (rollups, rollup_quarters, ledger_version)
}


def back_up(url: str, file: Path, *, at: int, replace: bool = False) -> dict[str, int]:
    """Write the ledger, as it is at one moment, to a file for this user alone; return the rows of each table.

    ``at`` is now, UTC ms. The writer may go on meanwhile. The file is there whole or not at all.
    Raises the errors of `LedgerReader`, ``FileExistsError`` without ``replace``, and ``OSError``.
    """
    if file.exists() and not replace:
        raise FileExistsError(errno.EEXIST, "is there already; --replace writes over it", str(file))
    try:
        with closing(LedgerReader(url)) as reader, snapshot(reader) as view, _whole(file) as lines:
            lines.write(_line({"hotline": "ledger", "format": _FORMAT, "schema": VERSION, "made": at}))
            counts = {name: _keep(view.connection, table, lines) for name, table in _TABLES.items()}
            lines.write(_line({"end": counts}))
            return counts
    except SQLAlchemyError as error:
        raise LedgerUnreachable(shown(url), reason(error)) from error


def _keep(connection: Connection, table: Table, lines: gzip.GzipFile) -> int:
    lines.write(_line({"table": table.name, "columns": [column.name for column in table.c]}))
    count = 0
    for row in connection.execution_options(yield_per=_BATCH).execute(select(table)):
        lines.write(_line(list(row)))
        count += 1
    return count


def restore(file: Path, url: str, *, replace: bool = False) -> dict[str, int]:
    """Make a ledger of a backup, all of it or nothing; return the rows of each table.

    Raises `BackupTorn`, `BackupUnfit`, `LedgerNotEmpty` without ``replace``, `LedgerInUse` and the errors of
    `open_for_writing`; then the ledger is as it was. Raises ``OSError`` where the file cannot be read.
    """
    with gzip.open(file, "rb") as opened:
        lines = _read(file, opened)
        header = next(lines, None)
        if not isinstance(header, dict) or header.get("hotline") != "ledger":
            raise BackupTorn(file, "it is something else")
        if (header["format"], header["schema"]) != (_FORMAT, VERSION):
            raise BackupUnfit(file, header["schema"], VERSION)
        if not replace and _holds_records(url):
            raise LedgerNotEmpty(shown(url))
        with emptied(url) as connection:
            return _fill(connection, file, lines)


def journal_begins_later(url: str, folder: Path) -> bool:
    """Tell whether the journal in a folder no longer has what came after the ledger's position in it."""
    numbers = [int(path.stem.removeprefix("journal-")) for path in folder.glob("journal-*.jsonl")]
    engine = open_for_writing(url)
    try:
        with engine.connect() as connection:
            reached = connection.scalar(select(func.max(journal_position.c.segment)))
    finally:
        engine.dispose()
    return reached is not None and bool(numbers) and reached < min(numbers)


def _holds_records(url: str) -> bool:
    try:
        version_of(url)
    except LedgerMissing:
        return False
    engine = open_for_writing(url)
    try:
        with engine.connect() as connection:
            return any(connection.execute(select(table).limit(1)).first() for table in _TABLES.values())
    finally:
        engine.dispose()


def _fill(connection: Connection, file: Path, lines: Iterator[Any]) -> dict[str, int]:
    counts: dict[str, int] = {}
    table, names = None, ()
    batch: list[dict[str, Any]] = []

    def store() -> None:
        if table is not None and batch:
            connection.execute(insert(table), batch)
            counts[table.name] += len(batch)
            batch.clear()

    for line in lines:
        match line:
            case list() if table is not None and len(line) == len(names):
                batch.append(dict(zip(names, line, strict=True)))
                if len(batch) == _BATCH:
                    store()
            case {"table": str(name), "columns": list(columns)} if name in _TABLES:
                store()
                table, names = _TABLES[name], tuple(columns)
                counts[name] = 0
            case {"end": told}:
                store()
                if told != counts:
                    raise BackupTorn(file, "rows are missing in it")
                if next(lines, None) is not None:  # which also reads the checksum
                    raise BackupTorn(file, "it goes on after its end")
                return counts
            case _:
                raise BackupTorn(file, "it has a line that this program does not know")
    raise BackupTorn(file, "its end is missing")


def _read(file: Path, opened: gzip.GzipFile) -> Iterator[Any]:
    try:
        for line in opened:
            yield json.loads(line)
    except (EOFError, gzip.BadGzipFile, zlib.error, ValueError) as error:
        raise BackupTorn(file, str(error).lower().rstrip(".")) from error


@contextmanager
def _whole(file: Path) -> Iterator[gzip.GzipFile]:
    """Yield a file to write to, which takes its name only when all of it is on the disk."""
    partial = file.with_name(f"{file.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as raw:
            with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=5, mtime=0) as packed:
                yield packed
            raw.flush()
            os.fsync(raw.fileno())
        partial.replace(file)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _line(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
