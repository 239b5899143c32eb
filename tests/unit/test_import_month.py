"""A history comes into the ledger: a real month hour by hour, and any history again and in pieces."""

from __future__ import annotations

import csv
import json
import os
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from hotline.commands.history import import_app
from ledger.database import open_for_writing
from ledger.events import CallBegan
from ledger.history.intake import take_queue_log
from ledger.history.store import HistoryNotStored
from ledger.journal import Journal
from ledger.reader import LedgerReader
from ledger.schema import calls, conversations, offers, rings, seat_states, visits
from ledger.writer import LedgerWriter
from reports.measures import Counts, Definition, count, stay
from tests.unit.test_queue_log import Unwatched, at, log

DATA = Path(os.environ.get("HOTLINE_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
MONTH = DATA / "bank_january_1999.queue_log.gz"
HOURLY = DATA / "bank_january_1999_hourly.csv"
HOUR = 3_600_000
TABLES = (calls, visits, offers, rings, conversations, seat_states)

HISTORY = [
    at(0, "ADDMEMBER", call="MANAGER", agent="li"),
    at(10, "ENTERQUEUE", "", "13812341234", 1),
    at(16, "RINGNOANSWER", 5_000, agent="wang"),
    at(20, "CONNECT", 10, "1.2", 3, agent="li"),
    at(30, "ENTERQUEUE", "", "1", 1, call="2.1"),
    at(50, "COMPLETECALLER", 10, 30, 1, agent="li"),
    at(55, "ABANDON", 1, 1, 25, call="2.1"),
    at(60, "PAUSE", "lunch", call="NONE", agent="li"),
    at(90, "REMOVEMEMBER", call="MANAGER", agent="li"),
]


def say(*words: object, standard_input: str | None = None) -> Result:
    return CliRunner().invoke(import_app, list(map(str, words)), input=standard_input)


def url_in(folder: Path, name: str = "ledger") -> str:
    return f"sqlite:///{folder / name}.sqlite"


def content(url: str) -> dict[str, list[Any]]:
    engine = open_for_writing(url)
    with engine.connect() as connection:
        found = {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in TABLES
        }
    engine.dispose()
    return found


def take(url: str, *files: str) -> None:
    take_queue_log(url, "old", files, Unwatched())


@pytest.mark.skipif(not MONTH.is_file(), reason=f"the real month is not in {DATA}")
def test_a_real_month_counts_in_every_hour_as_it_was_counted_independently(tmp_path: Path) -> None:
    url = url_in(tmp_path)
    told = say("queue-log", MONTH, "--database", url, "--timezone", "UTC", "--format", "json")
    assert told.exit_code == 0, told.output
    intake = json.loads(told.stdout)
    assert (intake["lines"], intake["calls"], intake["visits"], intake["skipped"]) == (
        87_382,
        30_161,
        30_161,
        [],
    )
    began = datetime(1999, 1, 1, tzinfo=UTC)
    truth = {}
    with HOURLY.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            hour = datetime.fromisoformat(row["date"]).replace(tzinfo=UTC) + timedelta(hours=int(row["hour"]))
            truth[hour] = {name: int(row[name]) for name in row if name not in ("date", "hour")}
    with closing(LedgerReader(url)) as reader:
        first = int(began.timestamp()) * 1_000
        found = reader.visits(first, first + 31 * 24 * HOUR)
    stays: dict[int, list[Any]] = {}
    for visit in found:
        stays.setdefault((visit.arrived - first) // HOUR, []).append(stay(visit, first))
    for number in range(31 * 24):
        counted = count(stays.get(number, []), Definition(threshold=20))
        expected = truth.pop(began + timedelta(hours=number), None)
        if expected is None:
            assert counted == Counts()
            continue
        assert (
            counted.offered,
            counted.answered,
            counted.abandoned,
            counted.answered_wait_ms,
            counted.answered_within,
        ) == (
            expected["offered"],
            expected["answered"],
            expected["abandoned"],
            1_000 * expected["wait_answered_sum"],
            expected["answered_le20"],
        )
    assert not truth
    with closing(LedgerReader(url)) as reader:
        talks = reader.conversations(first, first + 32 * 24 * HOUR)
    assert len(talks) == 27_060


def test_the_same_file_twice_changes_nothing(tmp_path: Path, database_url: str) -> None:
    file = log(tmp_path, *HISTORY)
    take(database_url, file)
    once = content(database_url)
    take(database_url, file)
    assert content(database_url) == once
    assert [len(rows) for rows in once.values()] == [2, 2, 2, 2, 1, 5]


def test_a_call_that_a_later_file_completes_is_not_doubled(tmp_path: Path, database_url: str) -> None:
    take(database_url, log(tmp_path, *HISTORY[:4], name="log.1"))
    take(database_url, log(tmp_path, *HISTORY[4:], name="log"))
    take(url_in(tmp_path, "whole"), log(tmp_path, *HISTORY, name="whole"))
    assert content(database_url) == content(url_in(tmp_path, "whole"))


@pytest.mark.parametrize("cut", [2, 4, 6, 8])
def test_rotated_files_that_overlap_come_to_the_same_together_or_one_by_one(tmp_path: Path, cut: int) -> None:
    older, newer = log(tmp_path, *HISTORY[:cut], name="log.1"), log(tmp_path, *HISTORY[cut - 1 :], name="log")
    take(url_in(tmp_path, "whole"), log(tmp_path, *HISTORY, name="whole"))
    take(url_in(tmp_path, "both"), newer, older)
    take(url_in(tmp_path, "each"), older)
    take(url_in(tmp_path, "each"), newer)
    whole = content(url_in(tmp_path, "whole"))
    assert content(url_in(tmp_path, "both")) == whole
    assert content(url_in(tmp_path, "each")) == whole


@pytest.mark.parametrize("cut", [2, 4, 6, 8])
def test_calls_come_to_the_same_with_the_newer_file_first(tmp_path: Path, cut: int) -> None:
    take(url_in(tmp_path, "whole"), log(tmp_path, *HISTORY, name="whole"))
    take(url_in(tmp_path), log(tmp_path, *HISTORY[cut:], name="log"))
    take(url_in(tmp_path), log(tmp_path, *HISTORY[:cut], name="log.1"))
    whole, found = content(url_in(tmp_path, "whole")), content(url_in(tmp_path))
    for table in TABLES[:-1]:
        assert found[table.name] == whole[table.name]


def test_two_asterisks_whose_ids_are_the_same_do_not_meet(tmp_path: Path) -> None:
    file = log(tmp_path, *HISTORY)
    take_queue_log(url_in(tmp_path), "north", [file], Unwatched())
    take_queue_log(url_in(tmp_path), "south", [file], Unwatched())
    with closing(LedgerReader(url_in(tmp_path), site="south")) as reader:
        assert len(reader.calls(0, 2**53)) == 2
    assert len(content(url_in(tmp_path))["calls"]) == 4


def test_a_call_that_an_engine_recorded_itself_is_left_as_it_is(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "journal")) as journal:
        writer = LedgerWriter(url_in(tmp_path), journal, site="site", node="node")
        writer.start()
        event = CallBegan(at=5, call="1.1", ani="", dnis="", trunk="", flow="", flow_version="", language="")
        writer.write(journal.append(event), event)
        assert writer.close()
    intake = take_queue_log(url_in(tmp_path), "old", [log(tmp_path, *HISTORY)], Unwatched())
    assert (intake.calls, intake.new_calls, intake.own_calls) == (2, 1, 1)
    assert [row[0] for row in content(url_in(tmp_path))["calls"]] == ["1.1", "old:2.1"]


def test_a_program_gets_what_was_skipped_with_file_line_and_reason(tmp_path: Path) -> None:
    file = log(tmp_path, *HISTORY, "rubbish", at(99, "COFFEE"))
    told = say("queue-log", file, "--database", url_in(tmp_path), "--timezone", "UTC", "--format", "json")
    intake = json.loads(told.stdout)
    assert intake["skipped"] == [
        {"file": file, "line": 10, "reason": "1 of at least 5 fields: not whole, or no line of a queue_log"},
        {"file": file, "line": 11, "reason": "COFFEE is no kind of event that app_queue writes"},
    ]
    assert (intake["lines"], intake["calls"], intake["new_calls"]) == (11, 2, 2)


def test_a_person_gets_the_first_of_many_skipped_lines_and_their_number(tmp_path: Path) -> None:
    told = say(
        "queue-log", log(tmp_path, *["rubbish"] * 30), "--database", url_in(tmp_path), "--timezone", "UTC"
    )
    assert told.exit_code == 0
    lines = told.stdout.splitlines()
    assert lines[:2] == [
        "30 lines: 0 calls with 0 visits of queues, 0 calls of them new to the ledger",
        "not understood, and left out: 30 lines",
    ]
    assert (len(lines), lines[-1]) == (23, "  and 10 more; --format json lists them all")


def test_an_empty_file_makes_an_empty_ledger(tmp_path: Path) -> None:
    told = say(
        "queue-log", log(tmp_path), "--database", url_in(tmp_path), "--timezone", "UTC", "--format", "json"
    )
    assert (told.exit_code, json.loads(told.stdout)["lines"]) == (0, 0)
    assert content(url_in(tmp_path))["calls"] == []


def test_a_file_that_is_not_there_is_told_in_a_line_and_no_ledger_is_made(tmp_path: Path) -> None:
    told = say("queue-log", tmp_path / "nowhere", "--database", url_in(tmp_path), "--timezone", "UTC")
    assert told.exit_code == 1
    assert "nowhere cannot be read" in told.stderr
    assert not (tmp_path / "ledger.sqlite").exists()


def test_a_ledger_that_another_program_holds_is_told_and_the_rest_can_follow(tmp_path: Path) -> None:
    file, url = log(tmp_path, *HISTORY), url_in(tmp_path)
    holder = open_for_writing(url)
    with holder.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(HistoryNotStored, match="import the same files again"):
            take(url, file)
    holder.dispose()
    take(url, file)
    assert len(content(url)["calls"]) == 2
