"""The report of surveys: count, mean, distribution, and who answered."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.events import Rated
from ledger.opinions import Mark
from ledger.reader import LedgerReader
from reports.surveys import _cells, surveys_report
from tests.unit.told_ledger import DAY, HOUR, MIN, Called, S, T, asked, ledger, rows, total


def rated(call: str, at: int, answer: int, question: str = "service") -> Rated:
    return Rated(at=at, call=call, survey="opinion", question=question, answer=answer)


def served(call: str, at: int, seat: str = "ann", queue: str = "bills", **more):
    """A call that a seat answers, and that comes to the survey then."""
    made = Called(call, at, **more).node(0, "queue", "answered", MIN).wait(0, queue).talked(S, MIN, seat)
    return made.node(MIN, "opinion", "next", 2 * MIN).over(2 * MIN, "flow-ended")


@pytest.fixture
def reader(tmp_path: Path):
    events = [
        *served("a", T), rated("a", T + MIN, 5), rated("a", T + MIN + S, 4, "result"),
        *served("b", T + HOUR, "bob"), rated("b", T + HOUR + MIN, 2),
        *served("c", T + 2 * HOUR, "bob", "faults"), rated("c", T + 2 * HOUR + MIN, 4),
        rated("c", T + 2 * HOUR + 2 * MIN, 3),  # he thinks again
        *served("d", T + 3 * HOUR),  # does not answer
        *Called("e", T + 4 * HOUR).node(0, "opinion").over(MIN), rated("e", T + 4 * HOUR + S, 1),  # spoke with nobody
        *served("f", T - DAY), rated("f", T - DAY + MIN, 1),
    ]  # fmt: skip
    with closing(LedgerReader(ledger(tmp_path, *events))) as reader:
        yield reader


FIGURES = ("answers", "mean", "answer_1", "answer_2", "answer_3", "answer_4", "answer_5", "satisfied")


def test_answers_are_counted_by_question(reader):
    assert rows(surveys_report(reader, asked()), "questions", "question", *FIGURES) == [
        ("result", 1, 4.0, 0, 0, 0, 1, 0, 1.0),
        ("service", 4, 11 / 4, 1, 1, 1, 0, 1, 1 / 4),
    ]


def test_the_total_is_of_all_answers(reader):
    assert total(surveys_report(reader, asked()), "questions", "answers", "mean", "satisfied") == (
        5,
        3.0,
        2 / 5,
    )


def test_answers_are_counted_by_seat_and_queue(reader):
    report = surveys_report(reader, asked())
    assert rows(report, "seats", "seat", "question", "answers", "mean") == [
        ("", "service", 1, 1.0),
        ("ann", "result", 1, 4.0),
        ("ann", "service", 1, 5.0),
        ("bob", "service", 2, 2.5),
    ]
    assert rows(report, "queues", "queue", "question", "answers") == [
        ("", "service", 1),
        ("bills", "result", 1),
        ("bills", "service", 2),
        ("faults", "service", 1),
    ]


def test_the_response_rate_is_of_the_calls_that_came_to_the_survey(reader):
    assert rows(
        surveys_report(reader, asked()), "responses", "survey", "asked", "responded", "response_rate"
    ) == [("opinion", 5, 4, 4 / 5)]


def test_a_queue_and_a_seat_narrow_the_answers(reader):
    assert total(surveys_report(reader, asked(queue="faults")), "questions", "answers") == (1,)
    assert total(surveys_report(reader, asked(seat="bob")), "questions", "answers", "mean") == (2, 2.5)


@given(st.lists(st.integers(1, 5)))
def test_the_distribution_adds_up_to_the_answers(answers):
    count, mean, *spread, satisfied = _cells([Mark("s", "q", None, None, answer, 1) for answer in answers])
    assert count == sum(spread) == len(answers)
    if answers:
        assert mean == pytest.approx(sum(answers) / len(answers))
        assert satisfied == pytest.approx(sum(answer >= 4 for answer in answers) / len(answers))
    else:
        assert (mean, satisfied) == (None, None)


def test_an_empty_period_is_an_empty_report(reader):
    report = surveys_report(reader, asked(T - 5 * DAY, T - 4 * DAY))
    assert total(report, "questions", "answers", "mean", "satisfied") == (0, None, None)
    assert [len(table.rows) for table in report.tables] == [0, 0, 0, 0]
