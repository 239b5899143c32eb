"""The report of repeated calls, and first-contact resolution."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.database import open_for_writing
from ledger.fold import Fold
from ledger.reader import LedgerReader
from ledger.schema import metadata
from reports.repeat import WINDOWS, repeat_report
from tests.unit.told_ledger import DAY, HOUR, MIN, Called, S, T, asked, ledger, rows

LI, WANG, ZHAO = "13800000001", "13800000002", "13800000003"
FIGURES = ("window", "calls", "repeated", "repeat_rate", "answered", "resolved", "first_contact_resolution")


def answered(call: str, at: int, ani: str, queue: str = "bills", seat: str = "ann"):
    return Called(call, at, ani).wait(0, queue).talked(S, MIN, seat).over(MIN)


def lost(call: str, at: int, ani: str):
    return Called(call, at, ani).wait(0).left(S, "abandoned").over(S)


@pytest.fixture
def reader(tmp_path: Path):
    events = [
        *lost("a", T, LI),
        *answered("b", T + HOUR, LI),
        *answered("c", T + 20 * HOUR, LI, "faults", "bob"),  # within a day of b
        *answered("d", T + 2 * HOUR, WANG),
        *answered("e", T + 3 * DAY, WANG),  # within 7 days of d, and not in the period
        *answered("f", T + 3 * HOUR, ZHAO),
        *answered("g", T, "anonymous"),
        *answered("h", T + MIN, "anonymous"),
        *Called("i", T + 4 * HOUR, ZHAO, kind="callback").wait(0, visit_kind="callback").over(S),
    ]
    with closing(LedgerReader(ledger(tmp_path, *events))) as reader:
        yield reader


def test_first_contact_resolution_names_its_window(reader):
    assert rows(repeat_report(reader, asked()), "windows", *FIGURES) == [
        ("24h", 5, 2, 2 / 5, 4, 3, 3 / 4),  # a and b were followed by another
        ("7d", 5, 3, 3 / 5, 4, 2, 2 / 4),  # d too
    ]


def test_calls_without_a_number_are_counted_apart(reader):
    assert rows(repeat_report(reader, asked()), "windows", "calls", "without_number") == [(5, 2), (5, 2)]


def test_queue_and_seat_are_those_that_answered(reader):
    report = repeat_report(reader, asked())
    assert rows(report, "queues", "queue", "window", "answered", "resolved") == [
        ("bills", "24h", 3, 2),
        ("bills", "7d", 3, 1),
        ("faults", "24h", 1, 1),
        ("faults", "7d", 1, 1),
    ]
    assert rows(report, "seats", "seat", "window", "answered")[::2] == [("ann", "24h", 3), ("bob", "24h", 1)]


def test_a_call_whose_window_is_not_over_is_in_no_rate(reader):
    report = repeat_report(reader, asked(as_of=T + 26 * HOUR))
    # b was a day and an hour ago; c, d and f may yet be followed by another.
    assert rows(report, "windows", *FIGURES, "too_recent") == [
        ("24h", 3, 2, 2 / 3, 2, 1, 1 / 2, 2),
        ("7d", 0, 0, None, 0, 0, None, 5),
    ]


def test_who_called_most_is_told_with_a_masked_number(reader):
    assert rows(repeat_report(reader, asked()), "callers", "number", "calls", "answered") == [
        ("138****0001", 3, 2)
    ]
    assert rows(repeat_report(reader, asked(numbers=True)), "callers", "number") == [(LI,)]


def test_a_queue_narrows_the_calls_and_not_what_came_after(reader):
    report = repeat_report(reader, asked(queue="faults"))
    assert rows(report, "windows", "window", "calls", "repeated") == [("24h", 1, 0), ("7d", 1, 0)]
    report = repeat_report(reader, asked(seat="ann"))
    assert rows(report, "windows", "window", "calls", "repeated") == [("24h", 3, 1), ("7d", 3, 2)]


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    url = ledger(tmp_path_factory.mktemp("empty"))
    engine = open_for_writing(url)
    with closing(LedgerReader(url)) as reader:
        yield reader, engine
    engine.dispose()


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.integers(0, 10 * DAY // MIN), st.sampled_from([LI, WANG, ""]), st.booleans()),
        max_size=12,
        unique_by=lambda call: call[0],
    )
)
def test_figures_are_those_of_every_pair_of_calls(empty, calls):
    reader, engine = empty
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            connection.execute(table.delete())
        fold = Fold("sqlite", "s", "n")
        for number, (minute, ani, is_answered) in enumerate(calls):
            for event in (answered if is_answered else lost)(f"c{number}", T + minute * MIN, ani):
                fold.take(connection, event)
        fold.save(connection, "j", (1, 0))
    as_of = T + 12 * DAY
    report = repeat_report(reader, asked(T, T + 9 * DAY, as_of=as_of))
    own = [(minute * MIN, ani, is_answered) for minute, ani, is_answered in calls if ani]
    for name, window in WINDOWS.items():
        judged = [call for call in own if call[0] < 9 * DAY and call[0] + window <= 12 * DAY]
        again = [
            any(other[1] == call[1] and 0 < other[0] - call[0] <= window for other in own) for call in judged
        ]
        resolved = sum(call[2] and not repeated for call, repeated in zip(judged, again, strict=True))
        found = dict(
            zip(FIGURES, *[row for row in rows(report, "windows", *FIGURES) if row[0] == name], strict=True)
        )
        assert (found["calls"], found["repeated"], found["resolved"]) == (len(judged), sum(again), resolved)


def test_an_empty_period_is_an_empty_report(reader):
    report = repeat_report(reader, asked(T - 5 * DAY, T - 4 * DAY))
    assert rows(report, "windows", "calls", "first_contact_resolution") == [(0, None), (0, None)]
