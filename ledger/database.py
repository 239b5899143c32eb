"""How the ledger's database is opened: by its one writer, and by its readers."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    create_engine,
    event,
    func,
    insert,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError, SQLAlchemyError

from ledger.errors import (
    BadLedgerUrl,
    LedgerError,
    LedgerInUse,
    LedgerMissing,
    LedgerUnreachable,
    NewerLedger,
    OlderLedger,
)
from ledger.rollup_schema import rollups
from ledger.schema import VERSION, ledger_version

_BUSY_MS = 1_000
_SETTING_UP = 10000  # names the lock in PostgreSQL
_to_json = partial(json.dumps, ensure_ascii=False, separators=(",", ":"), default=dict)


def open_for_writing(url: str) -> Engine:
    """Open the ledger; make it where there is none, and bring one that an older program made up to date.

    Either is done in one transaction: all of it or nothing. A SQLite file is made with mode 0600, in WAL mode.
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
            if _version(connection, address) != VERSION:
                _set_up(connection, address)
    except SQLAlchemyError as error:
        engine.dispose()
        raise LedgerUnreachable(_shown(address), reason(error)) from error
    except LedgerError:
        engine.dispose()
        raise
    return engine


def open_for_reading(url: str) -> Engine:
    """Open the ledger so that it cannot be changed.

    Raises ``BadLedgerUrl``, ``LedgerMissing``, ``LedgerUnreachable``, ``NewerLedger`` or ``OlderLedger``.
    """
    address = _address(url)
    engine, found = _open_as_it_is(address)
    if found != VERSION:
        engine.dispose()
        raise OlderLedger(_shown(address), found, VERSION)
    return engine


@contextmanager
def emptied(url: str) -> Iterator[Connection]:
    """Yield a connection in whose one transaction the ledger is made anew, with nothing in it. An error undoes it all.

    Raises ``BadLedgerUrl``, ``LedgerUnreachable``, ``NewerLedger``, or ``LedgerInUse`` where others have it open.
    """
    engine = open_for_writing(url)
    try:
        _check_unused(engine, url)
        with engine.begin() as connection:
            _begin_setting_up(connection)
            rollups.metadata.drop_all(connection)
            _make(connection)
            yield connection
    except SQLAlchemyError as error:
        raise LedgerUnreachable(shown(url), reason(error)) from error
    finally:
        engine.dispose()


def version_of(url: str) -> int:
    """Return the version of the schema that the ledger has.

    Raises ``BadLedgerUrl``, ``LedgerMissing``, ``LedgerUnreachable`` or ``NewerLedger``.
    """
    engine, found = _open_as_it_is(_address(url))
    engine.dispose()
    return found


def shown(url: str) -> str:
    """Return a URL as it may be shown: without its password. Raises ``BadLedgerUrl``."""
    return _shown(_address(url))


def reason(error: Exception) -> str:
    """Return the database's own words for an error, on one line, without the statement and its values."""
    words = str(error.orig if isinstance(error, DBAPIError) else error).strip()
    return words.splitlines()[0] if words else type(error).__name__


def _check_unused(engine: Engine, url: str) -> None:
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            # SQLite leaves its WAL mode only when no other connection is open.
            try:
                connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
            except OperationalError as error:
                raise LedgerInUse(shown(url)) from error
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            return
        others = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        if connection.scalar(others):
            raise LedgerInUse(shown(url))


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


def _open_as_it_is(address: URL) -> tuple[Engine, int]:
    path = _sqlite_path(address)
    if path is None:
        engine = _engine(address, execution_options={"postgresql_readonly": True})
    elif not path.is_file():
        raise LedgerMissing(_shown(address))
    else:
        engine = _engine(address, creator=partial(_connect_read_only, path))
    try:
        with engine.connect() as connection:
            found = _version(connection, address)
    except SQLAlchemyError as error:
        engine.dispose()
        raise LedgerUnreachable(_shown(address), reason(error)) from error
    except NewerLedger:
        engine.dispose()
        raise
    if found is None:
        engine.dispose()
        raise LedgerMissing(_shown(address))
    return engine, found


def _version(connection: Connection, address: URL) -> int | None:
    if not inspect(connection).has_table(ledger_version.name):
        return None
    found = connection.scalar(select(ledger_version.c.version))
    if found is not None and found > VERSION:
        raise NewerLedger(_shown(address), found, VERSION)
    return found


def _set_up(connection: Connection, address: URL) -> None:
    """Make the ledger, or bring it up to date, while nobody else does."""
    _begin_setting_up(connection)
    found = _version(connection, address)
    if found is None:
        _make(connection)
    elif found < VERSION:
        from ledger.migrations import upgrade  # most starts have no use for it, and it is slow to import

        upgrade(connection, found)


def _begin_setting_up(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        # Python's driver begins no transaction for a change of the schema.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(select(func.pg_advisory_xact_lock(_SETTING_UP)))


def _make(connection: Connection) -> None:
    rollups.metadata.create_all(connection)  # that of all tables, with the roll-ups' among them
    connection.execute(insert(ledger_version).values(version=VERSION))


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
