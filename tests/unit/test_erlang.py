"""Erlang B, C and A: the figures of the books, and of chains and integrals that were reckoned another way."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.measures import FORMULAS
from reports.staffing.erlang import Overloaded, Traffic, erlang_a, erlang_b, erlang_c
from reports.staffing.line import harmonic, line

HUNDRED = Traffic(100 / 1_800, 180)

traffics = st.builds(Traffic, st.floats(0.01, 0.4), st.floats(20, 400))
seats = st.integers(1, 120)
patiences = st.floats(1, 3_000)
moments = st.floats(0, 600)


def stationary(traffic, seats, leaving, longest):
    """The chain of so many callers present, cut at ``longest`` waiting, from its whole matrix of rates."""
    states = np.arange(seats + longest + 1)
    down = np.minimum(states, seats) / traffic.aht_s + np.maximum(states - seats, 0) * leaving
    rates = np.diag(np.full(len(states) - 1, traffic.rate), 1) + np.diag(down[1:], -1)
    rates -= np.diag(rates.sum(axis=1))
    balance = np.vstack([rates.T[1:], np.ones(len(states))])
    return np.linalg.solve(balance, np.eye(len(states))[-1])


def virtual_wait(traffic, seats, patience_s, most):
    """Moments and weights, by hundredths of a second, of the wait that one of endless patience has, if he waits.

    Baccelli and Hebuterne: its density is proportional to exp(arrivals who stay so long - answers till then).
    """
    at = (np.arange(100 * most) + 0.5) / 100
    came = traffic.rate * patience_s * -np.expm1(-at / patience_s)
    exponent = came - seats / traffic.aht_s * at
    density = np.exp(exponent - exponent.max())
    return at, density / density.sum()


def test_c_gives_the_figures_of_the_books():
    steady = erlang_c(HUNDRED, 14)
    assert round(steady.p_wait, 6) == 0.174132
    assert round(steady.asa_s, 3) == 7.836
    assert round(steady.answered_within(20), 6) == 0.888350


def test_a_gives_the_figures_of_the_books():
    assert round(erlang_a(HUNDRED, 14, 300).p_abandon, 6) == 0.013984
    assert round(erlang_a(Traffic(3.5 / 60, 180), 13, 300).mean_wait_s, 3) == 9.913


def test_b_gives_the_figure_of_the_tables():
    """Ten Erlangs on fifteen lines: 3.65 % are lost."""
    assert round(erlang_b(Traffic(1, 10), 15).p_abandon, 4) == 0.0365


@given(traffics, seats)
@settings(max_examples=15)
def test_b_is_the_chain_of_its_busy_seats(traffic, seats):
    chain = stationary(traffic, seats, 0, 0)
    assert erlang_b(traffic, seats).p_abandon == pytest.approx(chain[-1], rel=1e-9, abs=1e-13)


@given(traffics, st.floats(1.3, 3))
@settings(max_examples=10)
def test_c_is_the_chain_without_end(traffic, room):
    seats = math.ceil(traffic.erlangs * room)
    chain = stationary(traffic, seats, 0, 150)
    waiting = np.arange(len(chain)) - seats
    steady = erlang_c(traffic, seats)
    assert steady.p_wait == pytest.approx(chain[waiting >= 0].sum(), rel=1e-8, abs=1e-12)
    in_line = (chain * np.maximum(waiting, 0)).sum()
    assert steady.mean_wait_s == pytest.approx(in_line / traffic.rate, rel=1e-8, abs=1e-9)


@given(traffics, st.integers(1, 60), st.floats(1, 100))
@settings(max_examples=10)
def test_a_is_the_chain_in_which_some_give_up(traffic, seats, patience_s):
    chain = stationary(traffic, seats, 1 / patience_s, 120)
    waiting = np.maximum(np.arange(len(chain)) - seats, 0)
    steady = erlang_a(traffic, seats, patience_s)
    assert steady.p_wait == pytest.approx(chain[seats:].sum(), rel=1e-8, abs=1e-12)
    gave_up = (chain * waiting).sum() / patience_s / traffic.rate
    assert steady.p_abandon == pytest.approx(gave_up, rel=1e-8, abs=1e-12)
    busy = (chain * np.minimum(np.arange(len(chain)), seats)).sum()
    assert steady.occupancy == pytest.approx(busy / seats, rel=1e-8)


@pytest.mark.parametrize("seats", [6, 9, 10, 14, 20])
@pytest.mark.parametrize("patience_s", [30.0, 300.0])
def test_the_waits_of_a_are_the_integrals_over_the_virtual_wait(seats, patience_s):
    steady = erlang_a(HUNDRED, seats, patience_s)
    at, weight = virtual_wait(HUNDRED, seats, patience_s, 4_000)
    stays = np.exp(-at / patience_s)
    served = (weight * stays).sum()
    answered = 1 - steady.p_wait + steady.p_wait * served
    assert answered == pytest.approx(steady.answer_rate, abs=1e-6)
    assert steady.asa_s == pytest.approx(
        steady.p_wait * (weight * stays * at).sum() / answered, rel=1e-5, abs=1e-5
    )
    for seconds in (1, 5, 20, 60, 300):
        late = steady.p_wait * (weight * stays)[at > seconds].sum()
        assert steady.answered_within(seconds) == pytest.approx(answered - late, abs=1e-6)
        gave_up = -np.expm1(-np.minimum(at, seconds) / patience_s)
        assert steady.abandoned_within(seconds) == pytest.approx(
            steady.p_wait * (weight * gave_up).sum(), abs=1e-6
        )


def test_a_simulated_line_of_impatient_callers_waits_as_a_says():
    """A queue served in order of arrival, caller by caller: no formula of queueing at all."""
    random = np.random.default_rng(4)
    callers, patience_s, free = 200_000, 60.0, [0.0] * 9
    arrivals = np.cumsum(random.exponential(1 / HUNDRED.rate, callers))
    needs, gives_up = random.exponential(180, callers), random.exponential(patience_s, callers)
    waits, answered = np.empty(callers), np.empty(callers, bool)
    for caller, (moment, need, patience) in enumerate(zip(arrivals, needs, gives_up, strict=True)):
        seat = min(range(9), key=free.__getitem__)
        wait = max(0.0, free[seat] - moment)
        answered[caller], waits[caller] = wait <= patience, min(wait, patience)
        if wait <= patience:
            free[seat] = moment + wait + need
    steady = erlang_a(HUNDRED, 9, patience_s)
    assert steady.p_abandon == pytest.approx(1 - answered.mean(), abs=0.006)
    assert steady.asa_s == pytest.approx(waits[answered].mean(), rel=0.04)
    assert steady.mean_wait_s == pytest.approx(waits.mean(), rel=0.04)
    assert steady.answered_within(20) == pytest.approx((answered & (waits <= 20)).mean(), abs=0.006)
    assert steady.abandoned_within(20) == pytest.approx((~answered & (waits <= 20)).mean(), abs=0.006)


@given(traffics, seats)
@settings(max_examples=30)
def test_without_patience_a_is_b(traffic, seats):
    least, lost = erlang_a(traffic, seats, 1e-9), erlang_b(traffic, seats)
    assert least.p_abandon == pytest.approx(lost.p_abandon, rel=1e-6)
    assert least.answered_within(20) == pytest.approx(lost.answered_within(20), rel=1e-6)


@given(traffics, st.floats(1.1, 3))
@settings(max_examples=30)
def test_with_endless_patience_a_is_c(traffic, room):
    seats = math.ceil(traffic.erlangs * room)
    patient, endless = erlang_a(traffic, seats, 1e9), erlang_c(traffic, seats)
    assert patient.p_wait == pytest.approx(endless.p_wait, rel=1e-4)
    assert patient.asa_s == pytest.approx(endless.asa_s, rel=1e-4, abs=1e-12)
    assert patient.answered_within(20) == pytest.approx(endless.answered_within(20), rel=1e-4)


@given(traffics, seats, patiences, st.lists(moments, min_size=2, max_size=5))
def test_what_happens_in_time_only_grows_and_comes_to_all(traffic, seats, patience_s, moments):
    steady = erlang_a(traffic, seats, patience_s)
    for earlier, later in pairwise(sorted(moments)):
        assert steady.answered_within(earlier) <= steady.answered_within(later) + 1e-12
        assert steady.abandoned_within(earlier) <= steady.abandoned_within(later) + 1e-12
    assert steady.answered_within(0) == pytest.approx(1 - steady.p_wait, abs=1e-12)
    assert steady.abandoned_within(0) == pytest.approx(0, abs=1e-12)
    assert steady.answered_within(1e6) == pytest.approx(steady.answer_rate, abs=1e-9)
    assert steady.abandoned_within(1e6) == pytest.approx(steady.p_abandon, abs=1e-9)


@given(traffics, seats, patiences, moments)
def test_one_seat_more_is_never_worse_by_any_measure(traffic, seats, patience_s, threshold):
    fewer, more = erlang_a(traffic, seats, patience_s), erlang_a(traffic, seats + 1, patience_s)
    assert more.p_abandon <= fewer.p_abandon + 1e-12
    assert more.p_wait <= fewer.p_wait + 1e-12
    assert more.mean_wait_s <= fewer.mean_wait_s + 1e-9
    before, after = (each.service_levels(threshold, min(threshold, 5)) for each in (fewer, more))
    for formula in FORMULAS:
        assert after[formula] >= before[formula] - 1e-9


@pytest.mark.parametrize("erlangs", [4_500, 4_990, 5_000, 5_200, 9_000])
def test_five_thousand_seats_still_keep_the_balance(erlangs):
    """What comes in is answered or gives up, and a full house answers as fast as its seats can."""
    steady = erlang_a(Traffic(erlangs / 180, 180), 5_000, 240)
    assert 0 <= steady.p_abandon < steady.p_wait <= 1
    assert 0 < steady.occupancy <= 1
    if erlangs == 9_000:
        assert steady.occupancy == pytest.approx(1, abs=1e-9)
        assert steady.p_abandon == pytest.approx(1 - 5_000 / 9_000, abs=1e-9)
    assert steady.answered_within(1e6) + steady.abandoned_within(1e6) == pytest.approx(1, abs=1e-9)


def test_in_deep_overload_the_answered_wait_as_a_flow_of_callers_does():
    """Callers who stay t seconds thin out by exp(-t / patience); the line is as long as thins them to what fits."""
    steady = erlang_a(Traffic(9_000 / 180, 180), 5_000, 3_600)
    assert steady.asa_s == pytest.approx(3_600 * math.log(9_000 / 5_000), rel=1e-3)


def test_an_overload_that_outlasts_any_patience_is_still_reckoned():
    """A day's patience, twice the work that the seats can do: a line of two million callers."""
    steady = erlang_a(Traffic(10_000 / 180, 180), 5_000, 86_400)
    assert steady.p_abandon == pytest.approx(0.5, rel=1e-9)
    assert steady.asa_s == pytest.approx(86_400 * math.log(2), rel=1e-4)
    assert steady.answered_within(20) == 0


def test_c_has_no_answer_to_an_overload_and_says_how_many_it_takes():
    with pytest.raises(
        Overloaded, match="Erlang C has no answer: 10 Erlangs are offered to 10 seats"
    ) as told:
        erlang_c(HUNDRED, 10)
    assert told.value.least == 11


def test_a_house_that_is_full_but_for_a_rounding_error_is_full():
    traffic = Traffic(397 / 60, 300)
    assert 0 < 1985 - traffic.erlangs < 1e-12
    with pytest.raises(Overloaded):
        erlang_c(traffic, 1985)


def test_the_service_levels_are_those_of_the_reports():
    """Of a thousand callers so many are answered, so many give up, in time or not."""
    steady = erlang_a(HUNDRED, 12, 120)
    within, gone, short = steady.answered_within(15), steady.abandoned_within(15), steady.abandoned_within(5)
    assert steady.service_levels(15, 5) == {
        "offered": pytest.approx(within),
        "less-early-abandons": pytest.approx(within / (1 - gone)),
        "abandons-count": pytest.approx(within + gone),
        "answered-only": pytest.approx(within / steady.answer_rate),
        "less-short-abandons": pytest.approx(within / (1 - short)),
    }


def test_without_a_line_who_is_lost_is_lost_at_once():
    steady = erlang_b(HUNDRED, 10)
    assert steady.service_level("offered", 20, 5) == pytest.approx(1 - steady.p_abandon)
    assert steady.service_level("answered-only", 20, 5) == 1
    assert (steady.asa_s, steady.mean_wait_s) == (0, 0)


@given(st.floats(0.01, 300), st.floats(1e-6, 300))
@settings(max_examples=50)
def test_a_line_holds_every_length_that_weighs_anything(service, arrivals):
    found = line(service, arrivals)
    logs = np.cumsum([0.0, *np.log(arrivals / (service + np.arange(1, 2_000)))])
    assert found.log_sum == pytest.approx(np.logaddexp.reduce(logs), abs=1e-9)
    assert max(found.weights) == pytest.approx(1)


@pytest.mark.parametrize("length", [0, 1, 200, 201, 50_000])
@pytest.mark.parametrize("service", [0.001, 7.5, 8_000.0])
def test_a_long_sum_of_steps_is_the_short_ones_added_up(service, length):
    whole = math.fsum(1 / (service + j) for j in range(1, length + 1))
    assert harmonic(service, length) == pytest.approx(whole, rel=1e-13)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: Traffic(0, 180),
        lambda: Traffic(1, 0),
        lambda: Traffic(1, math.inf),
        lambda: erlang_b(HUNDRED, 0),
        lambda: erlang_a(HUNDRED, 14, 0),
    ],
)
def test_what_is_no_traffic_is_refused(ask):
    with pytest.raises(ValueError, match=r"wants|takes|is a length"):
        ask()
