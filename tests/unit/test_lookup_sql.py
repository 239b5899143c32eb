"""Queries to a database: what an answer looks like, that nothing can be written, and that none runs for ever."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from hotline.lookup.live import LiveLookups, LookupUnusable
from hotline.lookup.settings import SqlLookup
from hotline.lookup.sql import SqlService, database_url, open_read_only, plain
from ivr.house import LookupFailed, LookupTimedOut

ENDLESS = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "crm.sqlite")) as connection:
        connection.execute("create table customers (number text, name text, balance numeric, photo blob)")
        rows = [
            ("1", "Ann", 12.5, b"\x00\xff"),
            ("2", "王芳", None, None),
            ("3", "Bo", 1, None),
            ("3", "Cy", 2, None),
        ]
        connection.executemany("insert into customers values (?, ?, ?, ?)", rows)
        connection.commit()
    return tmp_path


async def asked(
    folder: Path, query: str, given: Mapping[str, Any] | None = None, seconds: float = 5, **more: Any
) -> Any:
    """Ask the customers' database once."""
    settings = {"database": "sqlite:///crm.sqlite", "query": query, "arguments": tuple(given or ()), **more}
    lookups = LiveLookups({"crm": SqlLookup.model_validate(settings)}, {}, folder)
    try:
        return await lookups.look_up("crm", given or {}, seconds)
    finally:
        await lookups.close()


def files(folder: Path) -> list[str]:
    """Return the names of all files of a folder."""
    return [file.name for file in folder.iterdir()]


BY_NUMBER = "select name, balance from customers where number = :number"


async def test_one_row_is_its_columns_by_name(folder: Path) -> None:
    assert await asked(folder, BY_NUMBER, {"number": "1"}) == {"name": "Ann", "balance": 12.5}


async def test_no_row_is_nothing(folder: Path) -> None:
    assert await asked(folder, BY_NUMBER, {"number": "9"}) is None
    assert await asked(folder, BY_NUMBER, {"number": "9"}, rows="many") is None


async def test_many_rows_are_a_list(folder: Path) -> None:
    rows = await asked(
        folder, "select name from customers where number = :number", {"number": "3"}, rows="many"
    )
    assert rows == [{"name": "Bo"}, {"name": "Cy"}]


async def test_two_rows_where_one_is_meant_are_a_failure(folder: Path) -> None:
    """The first of two customers might be the wrong one."""
    with pytest.raises(LookupFailed, match="more than one row"):
        await asked(folder, BY_NUMBER, {"number": "3"})


async def test_no_more_than_a_hundred_rows_are_read(folder: Path) -> None:
    query = "with recursive n(i) as (select 1 union all select i + 1 from n) select i from n"
    rows = await asked(folder, query, rows="many")
    assert rows == [{"i": i} for i in range(1, 101)]


@pytest.mark.parametrize(
    "evil", ["1' or '1'='1", "1'; drop table customers; --", "%", "\0", "1\nunion select 1, 2"]
)
async def test_an_argument_is_never_read_as_sql(folder: Path, evil: str) -> None:
    assert await asked(folder, BY_NUMBER, {"number": evil}) is None


@pytest.mark.parametrize("value", [["1"], {"a": 1}, "\ud800", 2**70])
async def test_an_argument_that_no_column_could_hold_is_a_failure(folder: Path, value: Any) -> None:
    with pytest.raises(LookupFailed):
        await asked(folder, BY_NUMBER, {"number": value})


@pytest.mark.parametrize(
    "query",
    [
        "delete from customers",
        "update customers set name = 'x'",
        "with x as (select 1) insert into customers (name) select * from x",
        "create table t (a)",
        "drop table customers",
        "attach database 'other.sqlite' as other",
        "pragma query_only = off",
        "pragma journal_mode = wal",
        "vacuum",
        "begin immediate",
    ],
)
async def test_nothing_can_be_written_even_past_the_sites_check(
    folder: Path, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check of the site refuses these; the database does so by itself."""
    monkeypatch.chdir(folder)
    before = (folder / "crm.sqlite").read_bytes()
    settings = SqlLookup.model_construct(
        database="sqlite:///crm.sqlite", query=query, arguments=(), rows="one", timeout=5_000, cache=None
    )
    lookups = LiveLookups({"crm": settings}, {}, folder)
    with pytest.raises(LookupFailed, match="the database refused"):
        await lookups.look_up("crm", {}, 5)
    await lookups.close()
    assert (folder / "crm.sqlite").read_bytes() == before
    assert files(folder) == ["crm.sqlite"]


async def test_a_query_that_never_ends_is_stopped_in_the_time_given(folder: Path) -> None:
    settings = {"database": "sqlite:///crm.sqlite", "query": ENDLESS}
    lookups = LiveLookups({"crm": SqlLookup.model_validate(settings)}, {}, folder)
    service: Any = lookups._desks["crm"].service
    began = monotonic()
    with pytest.raises(LookupTimedOut):
        await lookups.look_up("crm", {}, 0.15)
    assert monotonic() - began < 1
    service._threads.shutdown(wait=True)  # the thread is free again: without the stop this would never return
    await lookups.close()


async def test_closing_stops_what_still_runs(folder: Path) -> None:
    settings = {"database": "sqlite:///crm.sqlite", "query": ENDLESS, "timeout": "30s"}
    lookups = LiveLookups({"crm": SqlLookup.model_validate(settings)}, {}, folder)
    service: Any = lookups._desks["crm"].service
    rows = service._threads.submit(service._rows, {}, monotonic() + 3_600)
    await lookups.close()
    with pytest.raises(LookupFailed):
        rows.result(10)


async def test_slow_queries_do_not_delay_another_lookup(folder: Path) -> None:
    def lookup(query: str) -> SqlLookup:
        return SqlLookup.model_validate({"database": "sqlite:///crm.sqlite", "query": query})

    lookups = LiveLookups({"slow": lookup(ENDLESS), "quick": lookup("select 1 as one")}, {}, folder)
    service: Any = lookups._desks["slow"].service
    running = [service._threads.submit(service._rows, {}, monotonic() + 3_600) for _ in range(10)]
    assert await lookups.look_up("quick", {}, 5) == {"one": 1}
    assert not any(future.done() for future in running)
    await lookups.close()


async def test_a_locked_database_is_left_in_the_time_given_by_the_thread_too(folder: Path) -> None:
    service = SqlService(
        "crm",
        SqlLookup.model_validate({"database": "sqlite:///crm.sqlite", "query": "select 1 from customers"}),
        database_url("sqlite:///crm.sqlite", folder),
    )
    with closing(sqlite3.connect(folder / "crm.sqlite", isolation_level=None)) as other:
        other.execute("begin exclusive")
        began = monotonic()
        with pytest.raises(LookupTimedOut):
            await service.ask({}, 0.1)
    assert monotonic() - began < 2
    await service.close()


def test_two_locks_keep_a_sqlite_file_from_being_written(folder: Path) -> None:
    engine = create_engine("sqlite://", creator=lambda: open_read_only(str(folder / "crm.sqlite")))
    with engine.connect() as connection:
        with pytest.raises(OperationalError, match="attempt to write a readonly database"):
            connection.exec_driver_sql("delete from customers")
        connection.exec_driver_sql("pragma query_only = off")
        with pytest.raises(OperationalError, match="attempt to write a readonly database"):
            connection.exec_driver_sql("delete from customers")
        assert connection.exec_driver_sql("select count(*) from customers").scalar() == 4
    with closing(open_read_only(str(folder / "crm.sqlite"))) as raw:
        assert raw.execute("pragma query_only").fetchone() == (1,)
    engine.dispose()


async def test_a_file_that_is_missing_is_a_failure_and_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(LookupFailed, match="the database refused: OperationalError"):
        await asked(tmp_path, BY_NUMBER, {"number": "1"})
    assert files(tmp_path) == []


async def test_a_file_that_is_no_database_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "crm.sqlite").write_text("name,number\n" * 1_000)
    with pytest.raises(LookupFailed, match="the database refused: DatabaseError"):
        await asked(tmp_path, BY_NUMBER, {"number": "1"})


async def test_a_file_that_took_the_place_of_the_old_one_counts_at_once(folder: Path) -> None:
    settings = SqlLookup.model_validate(
        {"database": "sqlite:///crm.sqlite", "query": "select max(name) n from customers"}
    )
    lookups = LiveLookups({"crm": settings}, {}, folder)
    await lookups.look_up("crm", {}, 5)
    with closing(sqlite3.connect(folder / "new")) as connection:
        connection.execute("create table customers as select 'new' as name")
    (folder / "new").replace(folder / "crm.sqlite")
    assert await lookups.look_up("crm", {}, 5) == {"n": "new"}
    await lookups.close()


async def test_a_huge_value_is_a_failure(folder: Path) -> None:
    with pytest.raises(LookupFailed, match="the database refused"):
        await asked(folder, "select hex(zeroblob(200000)) as h")


async def test_many_large_rows_are_a_failure(folder: Path) -> None:
    query = (
        "with recursive n(i) as (select 1 union all select i + 1 from n) select hex(zeroblob(5000)) h from n"
    )
    with pytest.raises(LookupFailed, match="over 256 KiB"):
        await asked(folder, query, rows="many")


async def test_nothing_of_question_and_query_is_shown(folder: Path) -> None:
    with capture_logs() as logs, pytest.raises(LookupFailed) as caught:
        await asked(folder, "select no_such_column from customers where number = :number", {"number": "139"})
    shown = f"{logs} {caught.value!r} {caught.value.__cause__!r}"
    assert "139" not in shown
    assert "no_such_column" not in shown


@pytest.mark.parametrize(
    ("value", "as_json"),
    [
        (Decimal("12.10"), "12.10"),
        (date(2027, 2, 17), "2027-02-17"),
        (datetime(2027, 2, 17, 21, 0, tzinfo=UTC), "2027-02-17T21:00:00+00:00"),
        (time(9, 30), "09:30:00"),
        (b"\x00\xff", "00ff"),
        (memoryview(b"\x01"), "01"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (float("nan"), "nan"),
        ([Decimal(1), {"a": date(2027, 1, 1)}], ["1", {"a": "2027-01-01"}]),
        (None, None),
        (True, True),
        (3, 3),
    ],
)
def test_every_value_becomes_plain_json(value: Any, as_json: Any) -> None:
    assert plain(value) == as_json


@pytest.mark.parametrize("url", ["", "mysql://h/d", "sqlite://", "postgresql://h", "nonsense"])
def test_what_names_no_database_of_ours_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not read as sqlite:///PATH"):
        database_url(url, tmp_path)


def test_a_driver_that_is_missing_is_told() -> None:
    settings = SqlLookup.model_validate({"database": "postgresql+nosuch://u@h/d", "query": "select 1"})
    with pytest.raises(
        LookupUnusable, match=r"the driver 'postgresql\+nosuch' of its database is not installed"
    ):
        LiveLookups({"crm": settings}, {}, Path())


def test_a_query_keeps_its_colons_that_are_no_arguments() -> None:
    """As a cast of PostgreSQL, or a time."""
    assert set(text("select a::text, '12:30' where b = :b").compile().params) == {"b"}
