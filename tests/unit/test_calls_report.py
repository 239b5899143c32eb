"""The search of calls: what is found, and how much is listed of it."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hotline.commands.report import report_app
from ledger.events import Tagged
from ledger.reader import LedgerReader
from reports.calls import NoNumber, UnknownOutcome, calls_report
from reports.query import UnknownQueue
from tests.unit.told_ledger import DAY, HOUR, MIN, Called, S, T, asked, ledger, rows


@pytest.fixture
def reader(tmp_path: Path):
    moved = (
        Called("b", T + MIN, "+8613900005678")
        .wait(0, "bills")
        .left(60 * S, "overflowed")
        .wait(60 * S, "faults")
    )
    events = [
        *Called("a", T, "13800001234").wait(0).talked(10 * S, 70 * S, "ann").over(75 * S),
        *moved.talked(90 * S, 150 * S, "bob").over(150 * S, "seat-hung-up"),
        *Called("c", T + 2 * MIN, "13800005678").wait(0).left(40 * S, "abandoned").over(40 * S),
        *Called("d", T + 3 * MIN, "13800001234").over(5 * S, "flow-ended"),
        *Called("e", T + 4 * MIN, "13800009999", kind="callback").wait(0, visit_kind="callback").events,
        *Called("f", T + 5 * MIN, "61", kind="service").over(S),
        *Called("g", T + 6 * MIN, "13800000000", dnis="10001", version="v2").wait(0).events,
        *Called("h", T - HOUR).over(S),
        Tagged(at=T + S, call="a", name="topic", value="refund"),
        Tagged(at=T + S, call="a", name="area", value="futian"),
    ]
    with closing(LedgerReader(ledger(tmp_path, *events))) as reader:
        yield reader


def found(reader, **question) -> list[str]:
    return [call for (call,) in rows(calls_report(reader, asked(**question)), "calls", "call")]


def test_the_latest_come_first_and_agents_at_feature_codes_are_no_calls(reader):
    assert found(reader) == ["g", "e", "d", "c", "b", "a"]


def test_a_line_tells_what_came_of_the_call(reader):
    columns = ("kind", "dnis", "queues", "wait_s", "answer", "seats", "ended", "lasted_s", "tags")
    report = calls_report(reader, asked(as_of=T + 7 * MIN))
    assert rows(report, "calls", "call", *columns) == [
        ("g", "caller", "10001", "bills", 60.0, "waiting", "", None, None, ""),
        ("e", "callback", "10000", "bills", None, "waiting", "", None, None, ""),
        ("d", "caller", "10000", "", None, None, "", "flow-ended", 5.0, ""),
        ("c", "caller", "10000", "bills", 40.0, "abandoned", "", "caller-hung-up", 40.0, ""),
        ("b", "caller", "10000", "bills › faults", 90.0, "answered", "bob", "seat-hung-up", 150.0, ""),
        ("a", "caller", "10000", "bills", 10.0, "answered", "ann", "caller-hung-up", 75.0,
         "area=futian, topic=refund"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("question", "calls"),
    [
        ({"number": "13800001234"}, ["d", "a"]),
        ({"number": "5678"}, ["c", "b"]),
        ({"number": "+8613900005678"}, ["b"]),
        ({"number": "1380000"}, []),
        ({"outcome": "answered"}, ["b", "a"]),
        ({"outcome": "overflowed"}, []),  # of its last wait
        ({"outcome": "seat-hung-up"}, ["b"]),
        ({"outcome": "waiting"}, ["g", "e"]),
        ({"longer_than_ms": 40_000, "as_of": T + 6 * MIN}, ["b"]),
        ({"longer_than_ms": 39_999, "as_of": T + 6 * MIN}, ["c", "b"]),
        ({"queue": "faults"}, ["b"]),
        ({"seat": "ann"}, ["a"]),
        ({"dnis": "10001"}, ["g"]),
        ({"flow_version": "v2"}, ["g"]),
        ({"tags": {"topic": "refund"}}, ["a"]),
        ({"tags": {"topic": "refund", "area": "bantian"}}, []),
        ({"number": "5678", "outcome": "abandoned"}, ["c"]),
    ],
)
def test_calls_are_found_by_what_is_asked(reader, question, calls):
    assert found(reader, **question) == calls


def test_numbers_are_masked_unless_asked_for(reader):
    assert rows(calls_report(reader, asked()), "calls", "number")[-1] == ("138****1234",)
    assert rows(calls_report(reader, asked(numbers=True)), "calls", "number")[-1] == ("13800001234",)


def test_how_many_more_there_are_is_said(reader):
    report = calls_report(reader, asked(limit=2))
    assert len(report.tables[0].rows) == 2
    assert report.data == {"found": 6, "more": 4}
    assert any("and 4 more" in note.en and "另有 4 条" in note.zh for note in report.notes)


def test_nothing_is_said_of_more_where_all_are_listed(reader):
    assert not any("--limit" in note.en for note in calls_report(reader, asked()).notes)


@pytest.mark.parametrize("number", ["", "five", "12%", "1 2", "12_"])
def test_what_is_no_number_is_refused(reader, number):
    with pytest.raises(NoNumber, match="its last digits"):
        calls_report(reader, asked(number=number))


def test_what_is_no_outcome_is_refused_with_those_that_are(reader):
    with pytest.raises(UnknownOutcome, match="answered, abandoned"):
        calls_report(reader, asked(outcome="lost"))


def test_the_search_is_asked_at_the_command_line(reader, tmp_path):
    words = [
        "calls",
        "--number",
        "5678",
        "--longer-than",
        "30s",
        "--limit",
        "1",
        "--numbers",
        "--format",
        "json",
    ]
    where = [
        "--from",
        "2026-09-21",
        "--to",
        "2026-09-23",
        "--database",
        f"sqlite:///{tmp_path}/ledger.sqlite",
    ]
    found = json.loads(CliRunner().invoke(report_app, [*words, *where]).stdout)
    assert [(row["call"], row["number"]) for row in found["rows"]] == [("c", "13800005678")]
    assert (found["found"], found["more"]) == (2, 1)
    assert found["definition"]["longer_than_s"] == 30


def test_a_queue_that_nobody_knows_is_refused(reader):
    with pytest.raises(UnknownQueue):
        calls_report(reader, asked(queue="none"))


def test_an_empty_period_is_an_empty_report(reader):
    assert found(reader, began=T - 5 * DAY, ended=T - 4 * DAY) == []
