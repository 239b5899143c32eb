"""Ledgers of every released version come forward, with all that is in them, on each kind of database_url."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import typer
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, create_engine, inspect, select, text
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from hotline.commands.ledger import ledger_app
from ledger import migrations, schema
from ledger.database import open_for_reading, open_for_writing, version_of
from ledger.errors import LedgerMissing, LedgerUnreachable, NewerLedger, OlderLedger
from ledger.events import CallEnded
from ledger.journal import Journal
from ledger.migrations.versions.version_1 import metadata as first
from ledger.writer import LedgerWriter
from tests.postgres import PostgresServer
from tests.unit import old_ledger

LATER_IN_VERSION_1 = ("recordings", "flow_versions", "tags", "notices")


@pytest.fixture
def version_1(database_url: str, tmp_path: Path) -> str:
    """The URL of a ledger of version 1, in each kind of database."""
    return old_ledger.version_1(database_url, tmp_path)


app = typer.Typer()
app.add_typer(ledger_app, name="ledger")


def rows(url: str, metadata: MetaData) -> dict[str, list[dict[str, Any]]]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {
            table.name: [
                dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()
            ]
            for table in metadata.sorted_tables
        }
    engine.dispose()
    return found


def differences(url: str) -> list[Any]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), schema.metadata)
    engine.dispose()
    return found


def test_a_version_1_ledger_comes_forward_with_every_row_of_all_tables(version_1: str) -> None:
    before = rows(version_1, first)
    assert all(before.values())
    open_for_writing(version_1).dispose()
    after = rows(version_1, schema.metadata)
    assert after.pop("ledger_version") == [{"version": schema.VERSION}]
    for name, old_rows in before.items():
        for old_row, new_row in zip(old_rows, after.get(name, old_rows), strict=True):
            filled = {"offer"} if old_row.get("state") == "wrap-up" else set()
            assert {key: new_row[key] for key in old_row if key not in filled} == {
                key: fact for key, fact in old_row.items() if key not in filled
            }


def test_a_wrap_up_of_version_1_learns_to_which_conversation_it_belongs(version_1: str) -> None:
    open_for_writing(version_1).dispose()
    states = rows(version_1, schema.metadata)["seat_states"]
    assert [one["offer"] for one in states] == [None, "h-1.1/1/1", "h-1.1/1/1", "h-1.1/1/1", None]


def test_a_ledger_that_came_forward_is_as_one_made_new(version_1: str) -> None:
    open_for_writing(version_1).dispose()
    assert differences(version_1) == []


def test_a_ledger_that_came_forward_keeps_its_roll_ups_true_as_one_made_new_does(
    version_1: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    of_sqlite = version_1.startswith("sqlite")
    new = f"sqlite:///{tmp_path}/new.sqlite" if of_sqlite else postgres.database()
    kept = "tgname FROM pg_trigger WHERE NOT tgisinternal"
    question = "SELECT " + ("name FROM sqlite_master WHERE type = 'trigger'" if of_sqlite else kept)
    triggers = []
    for url in (version_1, new):
        engine = open_for_writing(url)
        with engine.connect() as connection:
            triggers.append(set(connection.scalars(text(question))))
        engine.dispose()
    assert triggers[0] == triggers[1] != set()


def test_a_new_ledger_is_as_the_tables_say(database_url: str) -> None:
    open_for_writing(database_url).dispose()
    assert differences(database_url) == []


def test_the_first_step_makes_what_the_program_of_version_1_made(tmp_path: Path) -> None:
    old, made = f"sqlite:///{tmp_path}/old.sqlite", f"sqlite:///{tmp_path}/made.sqlite"
    old_ledger.version_1(old, tmp_path)
    engine = create_engine(made)
    first.create_all(engine)
    engine.dispose()
    schemas = []
    for name in ("old", "made"):
        with closing(sqlite3.connect(tmp_path / f"{name}.sqlite")) as connection:
            question = "SELECT name, sql FROM sqlite_master ORDER BY name"
            schemas.append(connection.execute(question).fetchall())
    assert schemas[0] == schemas[1]


def test_a_ledger_of_an_early_program_of_version_1_gains_the_tables_that_it_lacks(version_1: str) -> None:
    engine = create_engine(version_1)
    with engine.begin() as connection:
        for name in LATER_IN_VERSION_1:
            connection.execute(text(f"DROP TABLE {name}"))
    engine.dispose()
    open_for_writing(version_1).dispose()
    assert differences(version_1) == []
    assert len(rows(version_1, schema.metadata)["calls"]) == 4


def test_a_writer_goes_on_where_that_of_version_1_stopped(version_1: str, tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "journal")) as journal:
        writer = LedgerWriter(version_1, journal, site="site", node="site")
        writer.start()
        event = CallEnded(at=1_780_000_200_000, call="h-1.4", outcome="asterisk-died")
        writer.write(journal.append(event), event)
        assert writer.close()
    last = rows(version_1, schema.metadata)["calls"][-1]
    assert (last["call"], last["outcome"]) == ("h-1.4", "asterisk-died")


def test_a_reader_of_an_older_ledger_is_told_how_to_bring_it_up_to_date(version_1: str) -> None:
    assert version_of(version_1) == 1
    with pytest.raises(OlderLedger, match="hotline ledger upgrade") as told:
        open_for_reading(version_1)
    assert (told.value.found, told.value.known) == (1, schema.VERSION)
    assert version_of(version_1) == 1


def test_bringing_forward_twice_changes_nothing(version_1: str) -> None:
    open_for_writing(version_1).dispose()
    once = rows(version_1, schema.metadata)
    open_for_writing(version_1).dispose()
    assert rows(version_1, schema.metadata) == once


def test_a_step_that_fails_leaves_the_ledger_as_it_was(
    version_1: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(version_1, first)

    def fail(connection: Connection, found: int) -> None:
        migrations_upgrade(connection, found)
        raise OperationalError("", {}, Exception("the machine is on fire"))

    migrations_upgrade = migrations.upgrade
    monkeypatch.setattr(migrations, "upgrade", fail)
    with pytest.raises(LedgerUnreachable, match="the machine is on fire"):
        open_for_writing(version_1)
    assert rows(version_1, first) == before
    engine = create_engine(version_1)
    names = set(inspect(engine).get_table_names())
    engine.dispose()
    assert names == set(first.tables)


def test_a_newer_ledger_is_never_brought_down(database_url: str) -> None:
    engine = open_for_writing(database_url)
    with engine.begin() as connection:
        connection.execute(schema.ledger_version.update().values(version=schema.VERSION + 1))
    engine.dispose()
    for attempt in (open_for_writing, open_for_reading, version_of):
        with pytest.raises(NewerLedger):
            attempt(database_url)


def test_a_database_without_a_ledger_has_no_version(postgres: PostgresServer) -> None:
    with pytest.raises(LedgerMissing):
        version_of(postgres.database())


def test_a_start_that_migrates_nothing_does_not_import_alembic(tmp_path: Path) -> None:
    code = (
        "import sys; from ledger.database import open_for_writing;"
        "[open_for_writing(sys.argv[1]).dispose() for _ in range(2)]; sys.exit('alembic' in sys.modules)"
    )
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    assert (
        subprocess.run(
            [sys.executable, "-c", code, url], cwd=Path(__file__).parents[2], check=False
        ).returncode
        == 0
    )


def test_the_command_brings_a_ledger_up_to_date_and_says_so(version_1: str) -> None:
    def say() -> Any:
        return CliRunner().invoke(app, ["ledger", "upgrade", "--database", version_1])

    first_time, second_time = say(), say()
    assert (first_time.exit_code, f"schema 1 → {schema.VERSION}" in first_time.output) == (0, True)
    assert (second_time.exit_code, "up to date already" in second_time.output) == (0, True)


def test_the_command_makes_no_ledger_where_there_is_none(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["ledger", "upgrade", "--database", f"sqlite:///{tmp_path}/none.sqlite"])
    assert (done.exit_code, "There is no ledger" in done.output) == (1, True)
    assert list(tmp_path.iterdir()) == []
