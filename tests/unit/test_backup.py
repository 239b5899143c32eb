"""A ledger kept in one file comes back whole, in whichever database, and goes on from there."""

from __future__ import annotations

import gzip
import json
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select
from typer.testing import CliRunner

from hotline.commands.backup import backup_app
from ledger import schema
from ledger.backup import back_up, journal_begins_later, restore
from ledger.database import open_for_reading, open_for_writing
from ledger.errors import (
    BackupTorn,
    BackupUnfit,
    LedgerInUse,
    LedgerMissing,
    LedgerNotEmpty,
    LedgerUnreachable,
)
from ledger.events import CallBegan, Tagged
from ledger.journal import Journal
from ledger.writer import LedgerWriter
from tests.postgres import PostgresServer
from tests.unit.old_ledger import brought_forward


def rows(url: str) -> dict[str, list[Any]]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {
            table.name: [
                row._asdict() for row in connection.execute(select(table).order_by(*table.primary_key))
            ]
            for table in schema.metadata.sorted_tables
        }
    engine.dispose()
    return found


@pytest.fixture
def url(tmp_path: Path) -> str:
    return brought_forward(f"sqlite:///{tmp_path}/ledger.sqlite", tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database that nobody else has open."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/second.sqlite"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.database(alone=True)


@pytest.fixture
def file(url: str, tmp_path: Path) -> Path:
    kept = tmp_path / "ledger.backup"
    back_up(url, kept, at=1)
    return kept


@pytest.fixture
def other(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/other.sqlite"


def call(number: int) -> CallBegan:
    return CallBegan(
        at=number, call=f"c-{number}", ani="1", dnis="2", trunk="t", flow="f", flow_version="h", language="zh"
    )


def test_it_comes_back_whole_from_each_kind_of_database_to_the_other(
    url: str, database_url: str, other: str, tmp_path: Path
) -> None:
    back_up(url, tmp_path / "first", at=1)
    restore(tmp_path / "first", database_url)
    back_up(database_url, tmp_path / "second", at=2)
    counts = restore(tmp_path / "second", other)
    assert rows(database_url) == rows(other) == rows(url)
    assert {name: len(found) for name, found in rows(url).items() if name in counts} == counts


def test_it_is_for_its_user_alone(file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not list(file.parent.glob("*.partial"))


def test_while_a_writer_is_at_work_it_holds_one_moment(tmp_path: Path, database_url: str, other: str) -> None:
    with closing(Journal(tmp_path / "journal")) as journal:
        writer = LedgerWriter(database_url, journal, site="site", node="site")
        writer.start()
        for number in range(300):
            for event in (call(number), Tagged(at=number, call=f"c-{number}", name="n", value="v")):
                writer.write(journal.append(event), event)
            if number == 150:
                back_up(database_url, tmp_path / "backup", at=1)
        assert writer.close()
        restore(tmp_path / "backup", other)
        assert len(rows(other)["calls"]) < 300
        again = LedgerWriter(other, journal, site="site", node="site")
        again.start()
        assert again.close(), "the journal tells what has happened since, once"
    assert rows(other) == rows(database_url)


def test_a_ledger_with_records_is_replaced_only_when_that_is_said(file: Path, url: str) -> None:
    before = rows(url)
    with pytest.raises(LedgerNotEmpty, match="--replace"):
        restore(file, url)
    engine = open_for_writing(url)
    with engine.begin() as connection:
        connection.execute(schema.calls.delete())
    engine.dispose()
    restore(file, url, replace=True)
    assert rows(url) == before


def test_a_ledger_that_somebody_has_open_is_left_alone(file: Path, database_url: str) -> None:
    open_for_writing(database_url).dispose()
    engine = open_for_reading(database_url)
    with engine.connect() as connection:
        connection.execute(select(schema.calls)).all()
        with pytest.raises(LedgerInUse, match="Stop the hotline"):
            restore(file, database_url)
    engine.dispose()
    restore(file, database_url)


@pytest.mark.parametrize("left", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_torn_file_changes_nothing(file: Path, url: str, left: float) -> None:
    before = rows(url)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * left)])
    with pytest.raises(BackupTorn, match="no whole backup"):
        restore(file, url, replace=True)
    assert rows(url) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines[:-1],
        lambda lines: [line for line in lines if not line.startswith('["h-1.3"')],
        lambda lines: [*lines[:3], '{"table":"unknown","columns":[]}', *lines[3:]],
        lambda lines: ['{"some":"json"}', *lines[1:]],
        lambda lines: [*lines[:3], "[1]", *lines[3:]],
    ],
)
def test_a_file_that_does_not_say_what_it_should_changes_nothing(file: Path, url: str, change: Any) -> None:
    before = rows(url)
    lines = change(gzip.decompress(file.read_bytes()).decode().splitlines())
    file.write_bytes(gzip.compress("\n".join(lines).encode()))
    with pytest.raises(BackupTorn):
        restore(file, url, replace=True)
    assert rows(url) == before


def test_a_file_that_is_no_backup_is_told(other: str, tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear Sir,\n")
    with pytest.raises(BackupTorn, match="not a gzipped file"):
        restore(tmp_path / "letter", other)


def test_a_backup_of_another_schema_is_refused(file: Path, other: str) -> None:
    header, *lines = gzip.decompress(file.read_bytes()).decode().splitlines()
    header = json.dumps(json.loads(header) | {"schema": schema.VERSION + 1})
    file.write_bytes(gzip.compress("\n".join([header, *lines]).encode()))
    with pytest.raises(BackupUnfit, match=f"has schema {schema.VERSION + 1}"):
        restore(file, other)


def test_what_cannot_be_backed_up_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(LedgerMissing):
        back_up(f"sqlite:///{tmp_path}/none.sqlite", tmp_path / "backup", at=1)
    ledger = tmp_path / "ledger.sqlite"
    brought_forward(f"sqlite:///{ledger}", tmp_path)
    whole = ledger.read_bytes()
    ledger.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(LedgerUnreachable, match="malformed"):
        back_up(f"sqlite:///{ledger}", tmp_path / "backup", at=1)
    assert [path.name for path in tmp_path.iterdir() if "backup" in path.name] == []


def test_it_is_told_when_the_journal_begins_later_than_the_backup_ends(url: str, tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    folder.mkdir()
    assert not journal_begins_later(url, folder)
    (folder / "journal-000001.jsonl").touch()
    assert not journal_begins_later(url, folder)
    (folder / "journal-000001.jsonl").rename(folder / "journal-000003.jsonl")
    assert journal_begins_later(url, folder)


def run(*arguments: str) -> Any:
    return CliRunner().invoke(backup_app, [*arguments])


def test_the_commands_keep_and_make_again(url: str, other: str, tmp_path: Path) -> None:
    file = tmp_path / "kept"
    done = run("backup", str(file), "--database", url)
    assert (done.exit_code, "4 calls" in done.output) == (0, True)
    again = run("backup", str(file), "--database", url)
    assert (again.exit_code, "--replace writes over it" in again.output) == (1, True)
    assert run("backup", str(file), "--replace", "--database", url).exit_code == 0
    done = run("restore", str(file), "--database", other)
    assert (done.exit_code, "4 calls" in done.output) == (0, True)
    assert rows(other) == rows(url)


def test_a_file_or_folder_that_is_not_there_or_may_not_be_written_is_named(url: str, tmp_path: Path) -> None:
    done = run("backup", str(tmp_path / "nowhere" / "kept"), "--database", url)
    assert (done.exit_code, "no such file" in done.output) == (1, True)
    done = run("backup", "/sys/kept", "--database", url)
    assert (done.exit_code, "permission denied" in done.output) == (1, True)
    done = run("restore", str(tmp_path / "none"), "--database", url)
    assert (done.exit_code, "no such file" in done.output) == (1, True)
