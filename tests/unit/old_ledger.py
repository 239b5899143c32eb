"""A small ledger with a row in each table of the first version, as the program of that version wrote it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import create_engine, insert, select

from ledger.database import open_for_writing
from ledger.migrations.versions.version_1 import metadata

DUMP = Path(__file__).with_name("ledgers") / "version-1.sql"
T = 1_780_000_000_000  # where it begins
AS_OF = T + 200_000  # some minute and a half after its last event


def version_1(url: str, folder: Path) -> str:
    """Put the ledger into an empty database, as it was; return the URL."""
    file = Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else folder / "old.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(DUMP.read_text())
    if url.startswith("sqlite"):
        return url
    source, target = create_engine(f"sqlite:///{file}"), create_engine(url)
    with source.connect() as reading, target.begin() as writing:
        metadata.create_all(writing)
        for table in metadata.sorted_tables:
            writing.execute(insert(table), [dict(row) for row in reading.execute(select(table)).mappings()])
    source.dispose()
    target.dispose()
    return url


def brought_forward(url: str, folder: Path) -> str:
    """Put the ledger into an empty database, up to date; return the URL."""
    open_for_writing(version_1(url, folder)).dispose()
    return url
