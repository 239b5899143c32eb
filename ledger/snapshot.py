"""The ledger as it is at one moment: what several questions need whose answers must agree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection

from ledger.reader import LedgerReader


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment of the ledger. ``site`` is whose records are read (None: all)."""

    connection: Connection
    site: str | None


@contextmanager
def snapshot(reader: LedgerReader) -> Iterator[Snapshot]:
    """Hold one moment of the ledger, whatever is written meanwhile. Any number may be held at once."""
    engine = reader._engine
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")  # Python's driver begins none for a question
        else:
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        yield Snapshot(connection, reader._site)
