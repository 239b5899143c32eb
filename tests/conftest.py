"""For all tests: as many open files as this user may have, no clock in properties (machines are noisy), databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import settings

from hotline.asterisk.prefix import find
from hotline.limits import raise_open_files
from tests.postgres import PostgresServer

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
raise_open_files()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL of this run alone; `make test` has brought it."""
    with closing(PostgresServer(find(with_tests=True))) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, of each kind that can hold a ledger."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.sqlite"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.database()
