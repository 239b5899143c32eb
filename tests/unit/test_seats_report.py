"""The report of seats: figures worked by hand, states that tile, and the rule of the stars."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, update

from ledger import schema
from ledger.database import open_for_writing
from ledger.events import Rated
from ledger.reader import LedgerReader
from ledger.shifts import StatesOverlap, shifts
from ledger.snapshot import snapshot
from reports.measures import SumsDiffer
from reports.query import UnknownQueue
from reports.seats import seats_report
from reports.stars import Standing, stars
from tests.unit.told_ledger import HOUR, MIN, Called, S, T, asked, ledger, rows, states, total

# Ann is signed in from an hour before the period until 100 minutes into it.
ANN = states(
    "ann",
    (T - HOUR, "ready"),
    (T - 10 * MIN, "not-ready", None, "lunch"),  # 10 of its 20 minutes lie in the period
    (T + 10 * MIN, "ready"),
    (T + 20 * MIN, "reserved", "a/1/1"),
    (T + 20 * MIN + 500, "ringing", "a/1/1"),
    (T + 20 * MIN + 5 * S, "talking", "a/1/1"),
    (T + 22 * MIN, "hold", "a/1/1"),
    (T + 23 * MIN, "talking", "a/1/1"),
    (T + 25 * MIN + 5 * S, "wrap-up"),
    (T + 26 * MIN + 5 * S, "ready"),
    (T + 50 * MIN, "not-ready", None, "meeting"),
    (T + 60 * MIN, "not-ready", None, "lunch"),
    (T + 65 * MIN, "ready"),
    (T + 100 * MIN, "signed-out"),
)


@pytest.fixture
def reader(tmp_path: Path):
    answered = (
        Called("a", T + 20 * MIN - 10 * S)
        .wait(0)
        .rung(2 * S, 4 * S, "bob", "refused", number=2)
        .talked(15 * S, 315 * S, "ann", rings=5 * S)
        .over(316 * S)
    )
    missed = Called("b", T + 70 * MIN).wait(0, "faults").rung(S, 16 * S, "ann", "no-answer")
    missed.rung(20 * S, 25 * S, "ann", "cancelled", number=2).left(25 * S, "abandoned")
    passed = Called("d", T + 80 * MIN).wait(0).talked(10 * S, 70 * S, "ann").wait(75 * S, "faults")
    passed.talked(100 * S, 160 * S, "bob")
    asked_for = Called("e", T + 90 * MIN, kind="callback").wait(0, visit_kind="callback")
    asked_for.rung(0, 20 * S, "bob", "no-answer").talked(40 * S, 100 * S, "bob", number=2)
    before = Called("f", T - 30 * MIN).wait(0).talked(10 * S, 20 * S, "ann").over(30 * S)
    rated = [
        Rated(at=T + 26 * MIN, call="a", survey="s", question="q", answer=4),
        Rated(at=T + 26 * MIN, call="a", survey="s", question="p", answer=5),
    ]
    events = [*ANN, *answered, *missed.over(26 * S), *passed.over(161 * S), *asked_for.over(2 * MIN)]
    url = ledger(tmp_path, *events, *before, *rated)
    with closing(LedgerReader(url)) as reader:
        yield reader


def test_rings_are_counted_by_what_became_of_them(reader):
    columns = ("seat", "offered", "answered", "no_answer", "refused", "busy", "unreachable", "cancelled")
    assert rows(seats_report(reader, asked()), "seats", *columns) == [
        ("ann", 4, 2, 1, 0, 0, 0, 1),
        ("bob", 2, 1, 0, 1, 0, 0, 0),
    ]


def test_a_call_that_gave_up_was_not_missed_by_the_seat_that_rang(reader):
    assert rows(seats_report(reader, asked()), "seats", "answer_rate") == [(2 / 3,), (1 / 2,)]


def test_handling_is_over_the_conversations_of_the_period(reader):
    columns = ("handled", "aht_s", "talk_s", "hold_s", "wrap_up_s", "passed_on")
    ann, bob = rows(seats_report(reader, asked()), "seats", *columns)
    assert ann == (2, 210.0, 180.0, 30.0, 30.0, 1)
    assert bob == (1, 60.0, 60.0, 0.0, 0.0, 0)


def test_what_a_call_back_led_to_is_counted_apart(reader):
    assert rows(seats_report(reader, asked()), "seats", "seat", "callbacks") == [("ann", 0), ("bob", 1)]


def test_occupancy_leaves_out_not_ready_and_states_are_cut_at_the_edge(reader):
    (ann, _) = rows(seats_report(reader, asked()), "seats", "signed_in_s", "not_ready_s", "occupancy")
    # 4.5 s ringing, 240 s talking, 60 s hold, 60 s wrap-up, of 100 minutes less 25.
    assert ann == (6_000.0, 1_500.0, pytest.approx(364.5 / 4_500 + 0))


def test_the_states_of_a_seat_add_up_to_its_signed_in_time(reader):
    columns = (
        "signed_in_s", "unreachable_s", "ready_s", "reserved_s", "ringing_s", "talking_s", "hold_s", "wrap_up_s",
        "not_ready_s",
    )  # fmt: skip
    report = seats_report(reader, asked())
    for signed_in, *spent in [*rows(report, "states", *columns), total(report, "states", *columns)]:
        assert signed_in == pytest.approx(sum(spent))
    assert rows(report, "states", "ringing_s", "hold_s", "reserved_s")[0] == (4.5, 60.0, 0.5)


def test_not_ready_time_is_told_by_reason(reader):
    assert rows(seats_report(reader, asked()), "reasons", "seat", "reason", "times", "lasted_s", "share") == [
        ("ann", "lunch", 2, 900.0, 0.15),
        ("ann", "meeting", 1, 600.0, 0.1),
    ]


def test_marks_are_those_of_the_seats_own_conversations(reader):
    assert rows(seats_report(reader, asked()), "seats", "seat", "scores", "score") == [
        ("ann", 2, 4.5),
        ("bob", 0, None),
    ]


def test_the_total_is_of_sums_and_not_of_rates(reader):
    report = seats_report(reader, asked())
    assert total(report, "seats", "offered", "answered", "answer_rate", "aht_s") == (6, 3, 3 / 5, 160.0)


def test_a_queue_narrows_the_calls_and_not_the_states(reader):
    report = seats_report(reader, asked(queue="faults"))
    columns = ("seat", "offered", "handled", "callbacks", "signed_in_s")
    assert rows(report, "seats", *columns) == [("ann", 2, 0, 0, 6_000.0), ("bob", 1, 1, 0, 0.0)]


def test_one_seat_may_be_asked_for(reader):
    assert rows(seats_report(reader, asked(seat="bob")), "seats", "seat", "offered") == [("bob", 2)]


def test_a_queue_that_nobody_knows_is_refused(reader):
    with pytest.raises(UnknownQueue, match="bills, faults"):
        seats_report(reader, asked(queue="bils"))


def test_an_empty_period_is_an_empty_report(reader):
    report = seats_report(reader, asked(T - 100 * HOUR, T - 99 * HOUR))
    assert report.tables[0].rows == []
    assert total(report, "seats", "offered", "answer_rate", "occupancy") == (0, None, None)


def test_states_that_overlap_are_no_figures(reader, tmp_path):
    engine = open_for_writing(f"sqlite:///{tmp_path}/ledger.sqlite")
    states_ = schema.seat_states
    with engine.begin() as connection:
        connection.execute(update(states_).where(states_.c.interval == 3).values(ended=T + 30 * MIN))
    engine.dispose()
    with pytest.raises(StatesOverlap, match="'ann' overlap"):
        seats_report(reader, asked())


def test_a_ring_with_an_outcome_that_no_column_counts_fails_loudly(reader, tmp_path):
    engine = open_for_writing(f"sqlite:///{tmp_path}/ledger.sqlite")
    with engine.begin() as connection:
        connection.execute(update(schema.rings).where(schema.rings.c.seat == "bob").values(outcome="lost"))
    engine.dispose()
    with pytest.raises(SumsDiffer):
        seats_report(reader, asked())


@given(
    lengths=st.lists(st.integers(0, 90 * MIN), min_size=1, max_size=12),
    began=st.integers(-HOUR, HOUR),
    length=st.integers(0, 6 * HOUR),
)
def test_parts_of_any_period_add_up_to_the_signed_in_time(tiled, lengths, began, length):
    reader, engine = tiled
    kinds = ("ready", "talking", "not-ready", "wrap-up", "hold")
    with engine.begin() as connection:
        connection.execute(schema.seat_states.delete())
        at = T
        for number, lasted in enumerate(lengths):
            row = {"site": "s", "node": "n", "seat": "a", "interval": number, "event": "e", "began": at}
            more = {"state": kinds[number % 5], "ended": at + lasted}
            connection.execute(insert(schema.seat_states), [row | more])
            at += lasted
    first, last = T + began, T + began + length
    with snapshot(reader) as now:
        found = shifts(now, first, last, last)
    inside = max(0, min(last, at) - max(first, T))
    assert sum(shift.signed_in_ms for shift in found.values()) == inside
    assert all(sum(shift.states.values()) == shift.signed_in_ms for shift in found.values())


@pytest.fixture(scope="module")
def tiled(tmp_path_factory):
    url = ledger(tmp_path_factory.mktemp("tiled"))
    engine = open_for_writing(url)
    with closing(LedgerReader(url)) as reader:
        yield reader, engine
    engine.dispose()


FINE = Standing(offered=100, score=5.0, answer_rate=1.0, occupancy=0.8)


def test_a_seat_that_does_all_well_has_five_stars():
    assert stars(FINE) == 5


def test_marks_that_are_not_known_do_not_count():
    assert stars(replace(FINE, score=None, occupancy=None, answer_rate=0.85)) == 2


def test_the_mean_of_the_marks_is_rounded():
    # 3.4, 4 and 2 make 3.13; with a score of 4.6 they make 3.53.
    seat = replace(FINE, score=3.4, answer_rate=0.96, occupancy=0.97)
    assert (stars(seat), stars(replace(seat, score=4.6))) == (3, 4)


def test_few_calls_make_no_mark():
    assert stars(replace(FINE, offered=9)) is None
    assert stars(Standing(100, None, None, None)) is None


@given(
    score=st.none() | st.floats(1, 5),
    answer_rate=st.none() | st.floats(0, 1),
    occupancy=st.none() | st.floats(0, 1),
)
def test_stars_are_one_to_five(score, answer_rate, occupancy):
    found = stars(Standing(10, score, answer_rate, occupancy))
    assert found is None or 1 <= found <= 5
