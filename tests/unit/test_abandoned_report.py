"""The report of callers who gave up, and the list of those to call back."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from ledger.reader import LedgerReader
from reports.abandoned import abandoned_report
from tests.unit.told_ledger import DAY, HOUR, MIN, ZONE, Called, S, T, asked, ledger, rows

LI, WANG, ZHAO, SUN = "13800000001", "13800000002", "13800000003", "13800000004"


def gave_up(call: str, at: int, ani: str, secs: int, queue: str = "bills"):
    return Called(call, at, ani).wait(0, queue).left(secs * S, "abandoned").over(secs * S)


def answered(call: str, at: int, ani: str, **more):
    return (
        Called(call, at, ani, **more)
        .wait(0, visit_kind=more.get("kind", "call"))
        .talked(S, MIN, "ann")
        .over(MIN)
    )


@pytest.fixture
def reader(tmp_path: Path):
    events = [
        *gave_up("a", T + HOUR, LI, 60),
        *answered("b", T + 2 * HOUR, LI),  # he called again
        *gave_up("c", T + HOUR, WANG, 3, "faults"),
        *gave_up("d", T + 3 * HOUR, WANG, 90, "bills"),
        *answered("e", T + 28 * HOUR, WANG),  # more than 24 hours after he last gave up
        *answered("f", T + 30 * MIN, ZHAO),  # before
        *gave_up("g", T + HOUR, ZHAO, 20),
        *gave_up("h", T + HOUR, SUN, 20),
        *answered("i", T + 5 * HOUR, SUN, kind="callback"),
        *gave_up("j", T + HOUR, "anonymous", 20),
        *gave_up("k", T + HOUR, "", 20),
        *gave_up("l", T - HOUR, LI, 60),
    ]
    with closing(LedgerReader(ledger(tmp_path, *events))) as reader:
        yield reader


def test_each_who_gave_up_is_listed_with_what_came_of_it(reader):
    report = abandoned_report(reader, asked(numbers=True))
    assert rows(report, "abandoned", "call", "number", "queue", "wait_s", "short", "later") == [
        ("a", LI, "bills", 60.0, False, "called-again"),
        ("c", WANG, "faults", 3.0, True, "not-yet"),
        ("g", ZHAO, "bills", 20.0, False, "not-yet"),
        ("h", SUN, "bills", 20.0, False, "called-back"),
        ("j", "anonymous", "bills", 20.0, False, "no-number"),
        ("k", "", "bills", 20.0, False, "no-number"),
        ("d", WANG, "bills", 90.0, False, "not-yet"),
    ]


def test_when_he_got_through_is_told(reader):
    (first, *_) = rows(abandoned_report(reader, asked()), "abandoned", "start", "later_at")
    assert first == (
        datetime.fromtimestamp((T + HOUR) / 1_000, ZONE),
        datetime.fromtimestamp((T + 2 * HOUR + S) / 1_000, ZONE),
    )


def test_who_did_not_get_through_is_to_be_called_once(reader):
    report = abandoned_report(reader, asked(numbers=True))
    assert rows(report, "to_call", "number", "queue", "times", "longest_wait_s") == [
        (ZHAO, "bills", 1, 20.0),
        (WANG, "bills", 2, 90.0),
    ]


def test_the_headline_adds_up(reader):
    gave_up_, through, open_, nameless = (cell for _, cell, _ in abandoned_report(reader, asked()).headline)
    assert (gave_up_, through, open_, nameless) == (7, 2, 3, 2)


def test_numbers_are_masked_unless_asked_for(reader):
    report = abandoned_report(reader, asked())
    assert rows(report, "to_call", "number") == [("138****0003",), ("138****0002",)]
    assert rows(report, "abandoned", "number")[0] == ("138****0001",)


@pytest.mark.parametrize(("later", "came"), [(24 * HOUR, "called-again"), (24 * HOUR + 1, "not-yet")])
def test_later_is_within_24_hours_to_the_millisecond(tmp_path, later, came):
    gone = gave_up("a", T, LI, 10)
    back = answered("b", T + 10 * S - S + later, LI)
    with closing(LedgerReader(ledger(tmp_path, *gone, *back))) as reader:
        assert rows(abandoned_report(reader, asked()), "abandoned", "later") == [(came,)]


def test_a_queue_may_be_asked_for_and_an_answer_anywhere_counts(tmp_path):
    back = Called("b", T + HOUR, LI).wait(0, "faults").talked(S, MIN, "ann").over(MIN)
    with closing(LedgerReader(ledger(tmp_path, *gave_up("a", T, LI, 10), *back))) as reader:
        assert rows(abandoned_report(reader, asked(queue="bills")), "abandoned", "later") == [
            ("called-again",)
        ]
        assert rows(abandoned_report(reader, asked(queue="faults")), "abandoned", "later") == []


@pytest.mark.parametrize(
    ("narrowed", "calls"),
    [({"dnis": "10000"}, 7), ({"dnis": "1"}, 0), ({"flow_version": "v1"}, 7), ({"tags": {"topic": "x"}}, 0)],
)
def test_facts_of_the_call_narrow_the_list(reader, narrowed, calls):
    assert len(rows(abandoned_report(reader, asked(**narrowed)), "abandoned", "call")) == calls


def test_a_call_backs_own_turn_that_ended_is_nobody_who_gave_up(tmp_path):
    turn = Called("a", T, LI, kind="callback").wait(0, visit_kind="callback").left(S, "abandoned").over(S)
    with closing(LedgerReader(ledger(tmp_path, *turn))) as reader:
        assert rows(abandoned_report(reader, asked()), "abandoned", "call") == []


def test_an_empty_period_is_an_empty_report(reader):
    report = abandoned_report(reader, asked(T - 5 * DAY, T - 4 * DAY))
    assert [len(table.rows) for table in report.tables] == [0, 0]
