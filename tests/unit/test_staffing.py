"""The fewest seats for a target, callers' patience, and what the half hours of a day would have taken."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.records import SeatInterval
from ledger.workload import Handling
from reports.measures import FORMULAS, Definition, Stay
from reports.staffing.demand import HALF_HOUR_MS, half_hours, mean_handling_s, needs
from reports.staffing.erlang import Traffic
from reports.staffing.patience import patience
from reports.staffing.search import Model, Target, fewest, scheduled

EIGHTY_TWENTY = Target(Fraction(4, 5), "offered", 20, 5)
HUNDRED = Traffic(100 / 1_800, 180)
DAY = 48 * HALF_HOUR_MS

shares = st.fractions(Fraction(1, 10), Fraction(99, 100), max_denominator=100)
targets = st.builds(
    Target, shares, st.sampled_from([None, *FORMULAS]), st.integers(0, 120), st.just(0)
) | st.builds(Target, shares, st.sampled_from([None, *FORMULAS]), st.integers(5, 120), st.integers(0, 5))
models = st.builds(Model, st.just("a"), st.floats(5, 1_000)) | st.sampled_from([Model("b"), Model("c")])


@pytest.mark.parametrize(("model", "seats"), [(Model("c"), 14), (Model("a", 300), 13)])
def test_80_20_of_a_hundred_calls_takes_the_seats_of_the_books(model, seats):
    assert fewest(model, HUNDRED, EIGHTY_TWENTY).seats == seats


@given(models, targets, st.floats(0.001, 0.3), st.floats(10, 400))
@settings(max_examples=60)
def test_what_is_found_meets_the_target_and_one_seat_less_does_not(model, target, rate, aht_s):
    traffic = Traffic(rate, aht_s)
    found = fewest(model, traffic, target)
    assert target.met_by(found)
    if found.seats > model.least(traffic):
        assert not target.met_by(model.steady(traffic, found.seats - 1))


def test_thousands_of_seats_are_found_too():
    """So many seats may be overloaded: the impatient give way, and the line moves steadily at the threshold."""
    model, traffic = Model("a", 240), Traffic(5_000 / 180, 180)
    found = fewest(model, traffic, EIGHTY_TWENTY)
    assert found.seats < 5_000 * np.exp(-EIGHTY_TWENTY.threshold_s / 240) * 1.02
    assert not EIGHTY_TWENTY.met_by(model.steady(traffic, found.seats - 1))


@pytest.mark.parametrize("model", [Model("a", 86_400), Model("b"), Model("c")])
def test_even_the_highest_target_takes_a_number_of_seats(model):
    target = Target(1 - Fraction(1, 10**11), "abandons-count", 0, 0)
    if model.name == "b":
        target = Target(target.share, None, 0, 0)
    found = fewest(model, HUNDRED, target)
    assert 20 < found.seats < 60


@pytest.mark.parametrize(
    ("seats", "shrinkage", "people"),
    [(14, Fraction(0), 14), (14, Fraction(3, 10), 20), (15, Fraction(3, 10), 22), (7, Fraction(3, 10), 10)],
)
def test_so_many_people_are_scheduled_that_the_seats_are_filled(seats, shrinkage, people):
    assert scheduled(seats, shrinkage) == people


def stays(*waits, outcome="abandoned"):
    return [Stay(0, 1_000 * wait, outcome) for wait in waits]


def test_the_patience_curve_is_kaplan_and_meiers():
    """Six of them by hand: 5/6 after 2 s, then of four at risk 3/4, then of two 1/2."""
    found = patience([*stays(2, 6, 9), *stays(4, 6, 12, outcome="answered")])
    at = {step.wait_ms: pytest.approx(step.staying) for step in found.curve}
    assert at == {2_000: 5 / 6, 6_000: 5 / 8, 9_000: 5 / 16}
    assert (found.median_s, found.staying(1.9), found.staying(6)) == (9, 1, pytest.approx(5 / 8))
    area = 2 + 4 * 5 / 6 + 3 * 5 / 8 + 3 * 5 / 16
    assert found.restricted_mean_s == pytest.approx(area)


def test_without_censoring_the_mean_patience_is_the_mean_wait():
    found = patience(stays(3, 5, 10))
    assert found.mean_s == 6
    assert found.restricted_mean_s == pytest.approx(6)


def test_who_was_answered_before_he_gave_up_counts_as_patience():
    assert patience([*stays(10), *stays(10, 20, outcome="answered")]).mean_s == 40


@pytest.mark.parametrize("outcome", ["answered", "overflowed", "called-back", "other", "waiting"])
def test_whoever_did_not_give_up_is_censored(outcome):
    found = patience(stays(10, outcome=outcome))
    assert (found.abandons, found.mean_s, found.mean_range_s, found.median_s) == (0, None, None, None)
    assert found.restricted_mean_s == 10


def test_nobody_has_no_patience():
    found = patience([])
    assert (found.callers, found.mean_s, found.restricted_mean_s) == (0, None, 0)


def test_both_estimates_find_the_patience_that_callers_were_made_with():
    random = np.random.default_rng(7)
    gives_up, answered = random.exponential(90, 20_000), random.exponential(40, 20_000)
    found = patience(
        Stay(0, round(1_000 * min(pair)), "abandoned" if pair[0] < pair[1] else "answered")
        for pair in zip(gives_up, answered, strict=True)
    )
    low, high = found.mean_range_s
    assert low < 90 < high < 1.1 * low
    assert found.median_s == pytest.approx(90 * np.log(2), rel=0.05)


def of(began, **more):
    return half_hours(
        began, began + DAY, more.pop("stays", []), more.pop("talks", []), more.pop("seats", None),
        Definition(threshold=20), as_of=more.pop("as_of", began + DAY),
    )  # fmt: skip


def test_each_call_is_in_the_half_hour_of_its_arrival_and_empty_ones_are_there():
    calls = [Stay(at, 0, "answered") for at in (0, HALF_HOUR_MS - 1, HALF_HOUR_MS, DAY - 1)]
    halves = of(0, stays=calls)
    assert len(halves) == 48
    assert [halves[index].counts.offered for index in (0, 1, 2, 47)] == [2, 1, 0, 1]


def test_handling_time_is_talk_and_wrap_up_over_the_conversations():
    halves = of(0, talks=[(0, Handling(60_000, 10_000)), (1, Handling(100_000, 0)), (DAY, Handling(1, 1))])
    assert mean_handling_s(halves) == 85
    assert mean_handling_s(halves[1:]) is None


def state(state, began, ended):
    return SeatInterval(
        site="s", node="n", seat="li", interval=1, phone="p", state=state, reason=None, offer=None,
        event="e", began=began, ended=ended,
    )  # fmt: skip


def test_a_seat_is_present_while_it_is_signed_in_and_not_not_ready():
    seats = [
        state("ready", -5, HALF_HOUR_MS // 2),
        state("not-ready", HALF_HOUR_MS // 2, HALF_HOUR_MS),
        state("talking", HALF_HOUR_MS, 3 * HALF_HOUR_MS),
        state("ready", 3 * HALF_HOUR_MS, None),
    ]
    halves = of(0, seats=seats, as_of=4 * HALF_HOUR_MS)
    assert [half.present for half in halves[:5]] == [0.5, 1, 1, 1, 0]


def test_of_seats_that_no_record_tells_of_none_are_claimed():
    assert of(0)[0].present is None


def need(halves, **more):
    return needs(
        halves, Model("c"), EIGHTY_TWENTY, Fraction(3, 10), more.pop("aht_s", 180.0),
        own_aht=more.pop("own_aht", True),
    )  # fmt: skip


def test_a_half_hour_takes_what_its_calls_take():
    found = need(of(0, stays=[Stay(0, 0, "answered")] * 100))
    assert (found[0].seats, found[0].scheduled, found[0].aht_s) == (14, 20, 180)
    assert (found[1].seats, found[1].scheduled, found[1].steady) == (0, 0, None)


@pytest.mark.parametrize(
    ("conversations", "own_aht", "aht_s"), [(10, True, 60), (9, True, 180), (10, False, 180)]
)
def test_a_half_hours_own_handling_time_counts_where_enough_conversations_tell_it(
    conversations, own_aht, aht_s
):
    halves = of(0, stays=[Stay(0, 0, "answered")] * 20, talks=[(0, Handling(50_000, 10_000))] * conversations)
    assert need(halves, own_aht=own_aht)[0].aht_s == aht_s
