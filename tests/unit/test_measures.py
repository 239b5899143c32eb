"""The measures: the field's formulas, and sums that are always equal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.records import Visit
from reports.measures import (
    FORMULAS,
    Counts,
    Definition,
    Rate,
    Stay,
    SumsDiffer,
    count,
    stays_by_queue,
    stays_of_calls,
    within,
)

NOW = 10_000_000
OUTCOMES = ("answered", "abandoned", "overflowed", "called-back", "other")


def visit(call="c", number=1, queue="q", arrived=0, wait_ms=0, outcome="answered"):
    waiting = outcome is None
    return Visit(
        visit=f"{call}/{number}",
        call=call,
        site="s",
        node="n",
        queue=queue,
        skills={},
        priority=0,
        arrived=arrived,
        left=None if waiting else arrived + wait_ms,
        outcome=outcome,
        reason=None,
        wait_ms=None if waiting else wait_ms,
        seat=None,
    )


visits = st.lists(
    st.builds(
        visit,
        call=st.sampled_from("abcdef"),
        number=st.integers(1, 12),
        queue=st.sampled_from(["bills", "faults"]),
        arrived=st.integers(0, NOW),
        wait_ms=st.integers(0, 40_000),
        outcome=st.sampled_from([*OUTCOMES, None]),
    ),
    max_size=30,
    unique_by=lambda each: each.visit,
)

ICMI_HOUR = Counts(
    offered=1_060, answered=1_000, abandoned=60, answered_within=860, abandoned_within=20, short_abandoned=10
)


@pytest.mark.parametrize(
    ("formula", "percent"),
    [
        ("offered", "81.1"),
        ("less-early-abandons", "82.7"),
        ("abandons-count", "83.0"),
        ("answered-only", "86.0"),
        ("less-short-abandons", "81.9"),
    ],
)
def test_the_icmi_hour_gives_the_fields_own_figures(formula, percent):
    assert str(Definition(formula=formula).service_level(ICMI_HOUR)) == percent


def test_every_formula_was_tried_on_the_icmi_hour():
    assert len(FORMULAS) == 5


def test_within_the_threshold_includes_the_threshold_itself():
    stays = [Stay(0, wait, outcome) for wait in (15_000, 15_001) for outcome in ("answered", "abandoned")]
    counts = count(stays, Definition(threshold=15))
    assert (counts.answered_within, counts.abandoned_within) == (1, 1)


def test_a_short_abandon_is_an_abandon_and_only_an_abandon():
    stays = [Stay(0, wait, outcome) for wait in (5_000, 5_001) for outcome in OUTCOMES]
    counts = count(stays, Definition(short=5))
    assert (counts.abandoned, counts.short_abandoned) == (2, 1)


@given(visits)
def test_every_visit_is_in_one_class_and_one_queue(given_visits):
    queues = {queue: count(stays, Definition()) for queue, stays in stays_by_queue(given_visits, NOW).items()}
    assert sum(counts.offered for counts in queues.values()) == len(given_visits)
    for name, outcome in (("answered", "answered"), ("called_back", "called-back"), ("waiting", None)):
        expected = sum(each.outcome == outcome for each in given_visits)
        assert sum(getattr(counts, name) for counts in queues.values()) == expected


@given(visits, st.integers(0, NOW))
def test_the_counts_of_two_intervals_add_up_to_those_of_both(given_visits, cut):
    stays = [stay for group in stays_by_queue(given_visits, NOW).values() for stay in group]
    parts = [count(within(stays, *part), Definition()) for part in ((0, cut), (cut, NOW + 1))]
    assert parts[0] + parts[1] == count(stays, Definition())


@given(visits)
def test_all_queues_together_count_each_call_once_and_all_its_waits(given_visits):
    counts = count(stays_of_calls(given_visits, NOW), Definition())
    assert counts.offered == len({each.call for each in given_visits})
    finals = {
        each.call: each.outcome
        for each in sorted(given_visits, key=lambda v: (v.arrived, int(v.visit.split("/")[1])))
    }
    assert counts.answered == list(finals.values()).count("answered")
    waits = [stay.wait_ms for group in stays_by_queue(given_visits, NOW).values() for stay in group]
    assert sum(stay.wait_ms for stay in stays_of_calls(given_visits, NOW)) == sum(waits)


@given(visits)
def test_every_rate_is_between_nothing_and_all(given_visits):
    counts = count(stays_of_calls(given_visits, NOW), Definition())
    for rate in (counts.answer_rate, *(formula.rate(counts) for formula in FORMULAS.values())):
        assert rate.value is None or 0 <= rate.value <= 1


def test_a_call_that_overflowed_and_was_then_answered_is_answered_at_its_first_arrival():
    parts = [
        visit(number=2, queue="second", arrived=9_000, wait_ms=2_000),
        visit(number=1, queue="first", arrived=1_000, wait_ms=8_000, outcome="overflowed"),
    ]
    assert stays_of_calls(parts, NOW) == [Stay(1_000, 10_000, "answered")]


def test_visits_of_one_moment_follow_their_numbers():
    parts = [visit(number=n, outcome="other" if n < 10 else "answered") for n in (10, 9, 2)]
    assert [stay.outcome for stay in stays_of_calls(parts, NOW)] == ["answered"]


def test_who_waits_has_waited_until_the_reports_moment():
    counts = count(stays_by_queue([visit(arrived=NOW - 700, outcome=None)], NOW)["q"], Definition())
    assert (counts.waiting, counts.longest_wait_ms) == (1, 700)


def test_the_answer_rate_counts_every_way_not_to_get_a_person_but_leaves_out_who_still_waits():
    counts = count([Stay(0, 0, outcome) for outcome in (*OUTCOMES, "waiting")], Definition())
    assert counts.answer_rate == Rate(1, 5)


def test_the_average_speed_of_answer_is_of_the_answered_alone():
    stays = [Stay(0, 1_000, "answered"), Stay(0, 2_001, "answered"), Stay(0, 90_000, "abandoned")]
    assert count(stays, Definition()).asa_ms == 1_501


def test_nothing_offered_has_no_rate_and_no_average():
    counts = Counts()
    assert (str(counts.answer_rate), counts.answer_rate.value, counts.asa_ms) == ("–", None, None)


@pytest.mark.parametrize(
    ("part", "whole", "percent"), [(1, 2_000, "0.1"), (1, 3, "33.3"), (2, 3, "66.7"), (1, 1, "100.0")]
)
def test_a_rate_is_rounded_half_up_to_a_tenth_of_a_percent(part, whole, percent):
    assert str(Rate(part, whole)) == percent


def test_an_outcome_that_no_class_counts_fails_loudly():
    with pytest.raises(SumsDiffer, match="offered 2, but answered 1") as failure:
        count([Stay(0, 0, "answered"), Stay(0, 0, "vanished")], Definition())
    assert failure.value.offered == 2


def test_counts_whose_sums_differ_cannot_be_made():
    with pytest.raises(SumsDiffer):
        Counts(offered=3, answered=1, waiting=1)


def test_a_definition_says_itself_in_full():
    text = str(Definition(threshold=20, short=3))
    assert text == (
        "service level “offered” = answered within 20 s / (answered + abandoned); short abandon: within 3 s"
    )
