"""A query to a database, which is only read, in threads of its own."""

from __future__ import annotations

import asyncio
import json
import math
import sqlite3
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, time
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from hotline.lookup.settings import SqlLookup
from ivr.house import LookupFailed, LookupTimedOut, Value

THREADS = 4
ROWS = 100
LARGEST = 256 * 1024
STEPS = 1_000  # of SQLite's machine, well under a millisecond
DEAD_S = 10  # after it a server that says nothing at all is given up


class SqlService:
    """One query. A thread that still waits for a slow one is its own; callers leave when their time is over."""

    most = THREADS

    def __init__(self, name: str, settings: SqlLookup, url: URL) -> None:
        """Raise `ValueError`, without showing a secret, when no database could be meant."""
        self._query = text(settings.query)
        self._many = settings.rows == "many"
        self._closed = False
        self._sqlite = url.get_backend_name() == "sqlite"
        self._engine = _sqlite_engine(url) if self._sqlite else _postgresql_engine(url)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix=f"lookup-{name}")

    async def ask(self, given: Mapping[str, Value], seconds: float) -> Value | None:
        """Return the row, or the rows; None when there is none.

        ``seconds`` are left; the database is told to stop then. Raises `LookupFailed`.
        """
        if any(isinstance(value, (dict, list)) for value in given.values()):
            raise LookupFailed("an argument is a list or a mapping where a plain value must stand")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._rows, dict(given), monotonic() + seconds)

    async def close(self) -> None:
        """Let go of the database; what still runs is stopped."""
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._engine.dispose()

    def _rows(self, given: dict[str, Value], deadline: float) -> Value | None:
        """Ask, in a thread. What may stand in an error of the database is not passed on."""
        try:
            with self._engine.connect() as connection:
                self._set_deadline(connection, deadline)
                result = connection.execute(self._query, given)
                rows = [dict(row) for row in result.mappings().fetchmany(ROWS if self._many else 2)]
        except (SQLAlchemyError, sqlite3.Error, ValueError, OverflowError) as error:
            if monotonic() >= deadline:
                raise LookupTimedOut("it did not answer in time") from None
            raise LookupFailed(f"the database refused: {type(error).__name__}") from None
        if len(rows) > 1 and not self._many:
            raise LookupFailed("more than one row was found; write `limit 1`, or `rows: many`")
        if not rows:
            return None
        answer = plain(rows if self._many else rows[0])
        if len(json.dumps(answer)) > LARGEST:
            raise LookupFailed(f"its answer is over {LARGEST >> 10} KiB")
        return answer

    def _set_deadline(self, connection: Connection, deadline: float) -> None:
        left = deadline - monotonic()
        if left <= 0:
            raise LookupTimedOut("it did not answer in time")
        if self._sqlite:
            raw: Any = connection.connection.driver_connection
            raw.execute(f"PRAGMA busy_timeout = {max(1, int(left * 1_000))}")
            raw.set_progress_handler(lambda: self._closed or monotonic() >= deadline, STEPS)
        else:
            setting = text("select set_config('statement_timeout', :ms, true)")
            connection.execute(setting, {"ms": str(max(1, int(left * 1_000)))})
            connection.execution_options(stream_results=True, max_row_buffer=ROWS)


def database_url(written: str, folder: Path) -> URL:
    """Return where a database is; a SQLite file's path begins in ``folder``.

    Raises `ValueError`, which does not show what was written.
    """
    try:
        url = make_url(written)
    except ArgumentError:
        url = None
    if url is None or url.get_backend_name() not in ("sqlite", "postgresql") or not url.database:
        raise ValueError(
            "its database does not read as sqlite:///PATH or postgresql+psycopg://USER@HOST/NAME"
        )
    return url.set(database=str(folder / url.database)) if url.get_backend_name() == "sqlite" else url


def _sqlite_engine(url: URL) -> Engine:
    # Each question opens the file anew: a file that was put in the place of the old one counts at once.
    return create_engine(
        "sqlite://",
        creator=partial(open_read_only, str(url.database)),
        poolclass=NullPool,
        hide_parameters=True,
    )


def open_read_only(path: str) -> sqlite3.Connection:
    """Open a SQLite file that neither this connection nor a statement of it can write."""
    connection = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True)
    connection.execute("PRAGMA query_only = on")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)  # another file would be made where there is none
    return connection


def _postgresql_engine(url: URL) -> Engine:
    try:
        return create_engine(
            url,
            hide_parameters=True,
            pool_size=THREADS,
            max_overflow=0,
            pool_pre_ping=True,
            execution_options={"postgresql_readonly": True},
            connect_args={
                "connect_timeout": DEAD_S,
                "tcp_user_timeout": DEAD_S * 1_000,
                "application_name": "hotline",
                "options": "-c default_transaction_read_only=on",
            },
        )
    except (ImportError, NoSuchModuleError):
        raise ValueError(f"the driver {url.drivername!r} of its database is not installed") from None


def plain(value: Any) -> Value:
    """Return a column's value as plain JSON: amounts stay exact, as text; dates and times as ISO 8601."""
    match value:
        case None | bool() | int() | str():
            return value
        case float() if math.isfinite(value):
            return value
        case dict():
            return {str(key): plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [plain(inner) for inner in value]
        case date() | time():
            return value.isoformat()
        case bytes() | bytearray() | memoryview():
            return bytes(value).hex()
    return str(value)
