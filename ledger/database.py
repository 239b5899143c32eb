"""How the ledger's database is opened: by its one writer, and by its readers."""

from __future__ import annotations

import json
import os
import sqlite3
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, inspect, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from ledger.errors import BadLedgerUrl, LedgerMissing, LedgerUnreachable, NewerLedger
from ledger.schema import VERSION, ledger_version, metadata

_BUSY_MS = 1_000
_to_json = partial(json.dumps, ensure_ascii=False, separators=(",", ":"), default=dict)


def open_for_writing(url: str) -> Engine:
    """Open the ledger, making what is missing of it. A SQLite file is made with mode 0600, in WAL mode.

    Raises ``BadLedgerUrl``, ``LedgerUnreachable`` or ``NewerLedger``.
    """
    address = _address(url)
    if path := _sqlite_path(address):
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise LedgerUnreachable(_shown(address), error.strerror or str(error)) from error
    engine = _engine(address)
    if path:
        event.listen(engine, "connect", _set_up_sqlite)
    try:
        with engine.begin() as connection:
            _check_version(connection, address)
            metadata.create_all(connection)
            if connection.scalar(select(ledger_version.c.version)) is None:
                connection.execute(insert(ledger_version).values(version=VERSION))
    except SQLAlchemyError as error:
        engine.dispose()
        raise LedgerUnreachable(_shown(address), reason(error)) from error
    except NewerLedger:
        engine.dispose()
        raise
    return engine


def open_for_reading(url: str) -> Engine:
    """Open the ledger so that it cannot be changed.

    Raises ``BadLedgerUrl``, ``LedgerMissing``, ``LedgerUnreachable`` or ``NewerLedger``.
    """
    address = _address(url)
    path = _sqlite_path(address)
    if path is None:
        engine = _engine(address, execution_options={"postgresql_readonly": True})
    elif not path.is_file():
        raise LedgerMissing(_shown(address))
    else:
        engine = _engine(address, creator=partial(_connect_read_only, path))
    try:
        with engine.connect() as connection:
            found = _check_version(connection, address)
    except SQLAlchemyError as error:
        engine.dispose()
        raise LedgerUnreachable(_shown(address), reason(error)) from error
    except NewerLedger:
        engine.dispose()
        raise
    if not found:
        engine.dispose()
        raise LedgerMissing(_shown(address))
    return engine


def reason(error: Exception) -> str:
    """Return the database's own words for an error, on one line, without the statement and its values."""
    words = str(error.orig if isinstance(error, DBAPIError) else error).strip()
    return words.splitlines()[0] if words else type(error).__name__


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise BadLedgerUrl("given in the configuration", "it does not read as a URL") from error
    if address.get_backend_name() not in ("sqlite", "postgresql"):
        raise BadLedgerUrl(_shown(address), f"{address.get_backend_name()} is not supported")
    if not address.database or address.database == ":memory:":
        raise BadLedgerUrl(_shown(address), "it names no database")
    return address


def _shown(address: URL) -> str:
    return address.render_as_string(hide_password=True)


def _sqlite_path(address: URL) -> Path | None:
    if address.get_backend_name() != "sqlite" or address.database is None:
        return None
    return Path(address.database)


def _engine(address: URL, **options: Any) -> Engine:
    try:
        return create_engine(address, json_serializer=_to_json, hide_parameters=True, **options)
    except (ImportError, NoSuchModuleError) as error:
        raise BadLedgerUrl(_shown(address), f"its driver is not installed ({error})") from error


def _check_version(connection: Connection, address: URL) -> bool:
    if not inspect(connection).has_table(ledger_version.name):
        return False
    found = connection.scalar(select(ledger_version.c.version))
    if found is not None and found > VERSION:
        raise NewerLedger(_shown(address), found, VERSION)
    return found is not None


def _set_up_sqlite(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    # In WAL mode a power cut then costs the last rows, not the file; the journal still has their events.
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _connect_read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path))}?mode=ro", uri=True, timeout=_BUSY_MS / 1_000, check_same_thread=False
    )
