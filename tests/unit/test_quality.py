"""The distributor against theory, in short; and that the theory is right. The long runs are `make bench`'s."""

from __future__ import annotations

import numpy as np
import pytest

from acd.simulation import Outcome, Simulation
from benchmarks.quality.chain import Design, by_priority, oldest_first
from benchmarks.quality.estimates import COVERED, HEAD, OURS, Centre, Queue
from benchmarks.quality.estimates import run as estimated
from benchmarks.quality.exact import erlang_a, erlang_c, erlang_c_over, priorities
from benchmarks.quality.interval import interval, student_t
from benchmarks.quality.models import Model, differing, expected, models, run
from benchmarks.quality.runs import number_of
from benchmarks.quality.skills import ALL, CHAIN, KINDS, ONE, PAIRS, SEATS, designs
from benchmarks.quality.skills import differing as waiting_otherwise
from benchmarks.quality.traffic import Traffic, calls, plain_waits, plain_waits_apart

MODELS = {model.name: model for model in models()}
OF_CIW = [model for model in MODELS.values() if model.for_ciw]
N_DESIGNS = [model for model in MODELS.values() if not model.for_ciw]


def test_erlang_c_as_it_is_printed() -> None:
    """14 agents, 100 calls in 30 minutes of 180 s each."""
    waits = erlang_c(14, 10, 180)
    assert (waits.p_wait, waits.wait) == (pytest.approx(0.174132, abs=1e-6), pytest.approx(7.836, abs=1e-3))
    assert 1 - erlang_c_over(14, 10, 180, 20) == pytest.approx(0.888350, abs=1e-6)


def test_erlang_a_as_it_is_printed() -> None:
    assert erlang_a(14, 10, 180, 300).p_abandon == pytest.approx(0.013984, abs=1e-6)
    assert erlang_a(13, 10.5, 180, 300).wait == pytest.approx(9.913, abs=1e-3)


def test_erlang_a_of_endlessly_patient_callers_is_erlang_c() -> None:
    assert erlang_a(14, 10, 180, 1e9).wait == pytest.approx(erlang_c(14, 10, 180).wait, rel=1e-4)


def test_too_much_for_the_servers_has_no_mean() -> None:
    with pytest.raises(ValueError, match="10 servers cannot carry 10 Erlangs"):
        erlang_c(10, 10, 180)


def test_priorities_only_shift_waits_from_one_kind_to_the_other() -> None:
    """Kleinrock's conservation law: with equal service the mean over all callers stays that of one line."""
    gold, other = priorities(10, [2.4, 5.6], 180)
    assert (2.4 * gold.wait + 5.6 * other.wait) / 8 == pytest.approx(erlang_c(10, 8, 180).wait)


def test_the_chains_are_the_formulas_where_all_seats_serve_both_kinds() -> None:
    design = Design(0, 10, 2.4, 5.6)
    gold, other = priorities(10, [2.4, 5.6], 1)
    first, second = by_priority(design, 1, most=(30, 100))
    assert (first.wait, second.wait) == (pytest.approx(gold.wait), pytest.approx(other.wait))
    for kind in oldest_first(design, most=70):
        assert kind.wait == pytest.approx(erlang_c(10, 8, 1).wait, rel=1e-4)


def test_the_chain_of_pools_apart_is_two_formulas() -> None:
    """Where nobody of the first kind comes, pool B is a centre of its own."""
    _, second = oldest_first(Design(2, 5, 1e-9, 3), most=50)
    assert second.wait == pytest.approx(erlang_c(5, 3, 1).wait, rel=1e-6)


def test_chains_are_cut_off_where_it_does_not_matter() -> None:
    """What the models use, and little more than half of it, are the same to a thousandth of the waits."""
    design = Design(5, 5, 4.5, 2.5)
    for used, less in [
        (by_priority(design, 1, (40, 80)), by_priority(design, 1, (20, 40))),
        (oldest_first(design, 50), oldest_first(design, 30)),
    ]:
        assert [kind.wait for kind in less] == pytest.approx([kind.wait for kind in used], rel=1e-3)


@pytest.mark.parametrize("model", OF_CIW, ids=lambda model: model.name)
def test_every_caller_waits_as_long_as_by_ciw(model: Model) -> None:
    assert differing(model, 1_500, seed=3) == 0


def test_in_one_line_every_caller_waits_as_long_as_by_the_plain_recursion() -> None:
    model = MODELS["14 seats, 10 Erlangs"]
    coming = calls(model.traffic, 2_000, seed=5)
    waited = {
        number_of(fact.visit): fact.waited_ms
        for fact in Simulation(model.plan, coming).run()
        if isinstance(fact, Outcome)
    }
    assert [waited[n] for n in range(2_000)] == plain_waits(coming, 14).tolist()


@pytest.mark.parametrize("model", N_DESIGNS, ids=lambda model: model.name)
def test_the_n_design_is_near_its_chain(model: Model) -> None:
    """Within a fourth after ten short runs; from one design to the next the waits differ by more."""
    runs = [run(model, 1_000, seed) for seed in range(10)]
    for name, exact in expected(model).items():
        found = interval([one.figures[name] for one in runs], [one.controls for one in runs])
        assert found.mean == pytest.approx(exact, rel=0.25)


def test_plain_systems_apart_are_those_of_each_queue() -> None:
    coming = calls(Traffic({"a": 1.5, "b": 2.5}), 1_000, seed=1)
    apart = plain_waits_apart(coming, 4)
    own = np.array(coming.queues) == "a"
    alone = plain_waits(type(coming)(["a"] * int(own.sum()), coming.at[own], coming.talk[own], None), 4)
    assert apart[own].tolist() == alone.tolist()


def test_quantiles_of_student_as_they_are_printed() -> None:
    assert [student_t(0.975, n) for n in (5, 10, 19, 30)] == pytest.approx(
        [2.5706, 2.2281, 2.0930, 2.0423], abs=1e-3
    )


def test_an_interval_holds_the_truth_as_often_as_it_says() -> None:
    dice = np.random.default_rng(2)
    held = [
        abs(one.mean - 5) <= one.half
        for one in (interval(dice.normal(5, 2, 10).tolist()) for _ in range(1_000))
    ]
    assert sum(held) / 1_000 == pytest.approx(0.95, abs=0.02)


def test_what_moves_with_a_known_mean_is_taken_out_of_the_interval() -> None:
    dice = np.random.default_rng(2)
    missed = dice.normal(0, 2, 20)
    values = 5 + 3 * missed + dice.normal(0, 0.1, 20)
    wide, narrow = interval(values.tolist()), interval(values.tolist(), missed[:, None].tolist())
    assert abs(narrow.mean - 5) <= 2 * narrow.half
    assert narrow.half < wide.half / 20


def test_more_controls_than_runs_are_refused() -> None:
    with pytest.raises(ValueError, match="2 runs are too few for 1 controls"):
        interval([1, 2], [[1], [2]])


def test_every_design_of_skills_has_as_many_seats_for_each_kind() -> None:
    for name, seats in {ONE: 15, CHAIN: 30, PAIRS: 30, ALL: 90}.items():
        plan = designs()[name]
        assert len(plan.seats) == SEATS
        assert {sum(kind in one for one in plan.seats.values()) for kind in KINDS} == {seats}


def test_our_estimates_are_nearer_than_the_head_of_the_line_and_hold_the_truth_three_times_in_five() -> None:
    overloaded = MODELS["10 seats, 12 Erlangs, patience 180 s"]
    found = estimated(Centre(overloaded.name, overloaded.plan, overloaded.traffic), 3_000, seed=1)
    assert found[OURS] < 0.9 * found[HEAD]
    assert 0.5 < found[COVERED] < 0.7


@pytest.mark.parametrize(("name", "apart"), [(ONE, True), (ALL, False)])
def test_with_one_skill_or_all_every_caller_waits_as_long_as_in_plain_lines(name: str, apart: bool) -> None:
    assert waiting_otherwise(designs()[name], 1_500, seed=2, apart=apart) == 0


def test_app_queue_s_average_counts_the_last_wait_a_quarter_in_whole_seconds() -> None:
    queue = Queue()
    for waited_ms in (40_900, 0, 20_000):
        queue.answered(waited_ms)
    assert queue.average == 10  # 40/4, 3*10/4, (3*7+20)/4
    assert queue.mean == pytest.approx(20_300)


def test_the_head_of_the_line_tells_or_else_who_was_answered_last() -> None:
    queue = Queue()
    queue.answered(7_000)
    assert queue.head(50_000).expected == 7_000
    queue.line |= {"a": 20_000, "b": 30_000}
    assert queue.head(50_000).expected == 30_000
