"""The traffic model: what it states is what comes of it."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path
from random import Random
from statistics import mean, stdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hotline
from hotline.site import load_site
from hotline.street.model import ENGLISH, WRONG, CallPlan, TrafficModel
from ivr.reading.loader import load_flows
from ivr.reading.names import SiteNames
from ivr.verbs import Menu, Play, Queue, SetLanguage

NUMBERS = ["10000", "10001"]
SAMPLE = Path(hotline.__file__).parents[1] / "config.yaml"
seeds = st.integers(min_value=0, max_value=2**32)


def calls(model: TrafficModel, count: int) -> list[CallPlan]:
    return list(islice(model.calls(NUMBERS), count))


@pytest.fixture(scope="module")
def many() -> list[CallPlan]:
    return calls(TrafficModel(seed=11), 6_000)


def chosen(plan: CallPlan) -> str:
    """The keys without the one for English and the wrong one."""
    return "".join(press.key for press in plan.presses if press.key not in (ENGLISH, WRONG))


@given(seeds)
@settings(max_examples=50)
def test_the_same_seed_gives_the_same_calls(seed: int) -> None:
    assert calls(TrafficModel(seed=seed), 20) == calls(TrafficModel(seed=seed), 20)


@given(seeds, seeds)
@settings(max_examples=50)
def test_another_seed_gives_other_calls(seed: int, other: int) -> None:
    same = calls(TrafficModel(seed=seed), 5) == calls(TrafficModel(seed=other), 5)
    assert same == (seed == other)


@given(seeds, st.floats(min_value=0.1, max_value=600))
@settings(max_examples=50)
def test_calls_come_in_order_and_the_first_at_once(seed: int, rate: float) -> None:
    offsets = [plan.offset for plan in calls(TrafficModel(seed=seed, per_minute=rate), 50)]
    assert offsets[0] == 0
    assert offsets == sorted(set(offsets))


@given(seeds)
@settings(max_examples=5)
def test_no_two_callers_have_the_same_number(seed: int) -> None:
    callers = {plan.ani for plan in calls(TrafficModel(seed=seed), 2_000)}
    assert len(callers) == 2_000
    assert all(re.fullmatch("139[0-9]{8}", ani) for ani in callers)


@given(seeds)
@settings(max_examples=50)
def test_a_model_with_another_patience_rate_and_language_share_has_the_same_people_otherwise(
    seed: int,
) -> None:
    model = TrafficModel(seed=seed, leaves_in_menu=0)
    other = replace(model, patience_mean=120.0, per_minute=24.0, english=1.0)
    for one, two in zip(calls(model, 20), calls(other, 20), strict=True):
        assert (one.ani, one.dnis, one.talk, one.caller_ends) == (
            two.ani,
            two.dnis,
            two.talk,
            two.caller_ends,
        )
        assert chosen(one) == chosen(two)
        assert two.offset == pytest.approx(one.offset / 2)
        assert two.patience - 5 == pytest.approx(2 * (one.patience - 5))


@given(seeds)
@settings(max_examples=50)
def test_the_first_caller_knows_the_menu_by_heart(seed: int) -> None:
    first = calls(TrafficModel(seed=seed, english=1.0, wrong_key=1.0, leaves_in_menu=1.0), 1)[0]
    assert [press.key for press in first.presses] == list(chosen(first))
    assert (first.offset, first.leaves, {press.after for press in first.presses}) == (0, None, {0.3})


def test_arrivals_are_poisson_at_the_stated_rate(many: list[CallPlan]) -> None:
    """Exponential gaps have a standard deviation equal to their mean, and a share of 1/e above it."""
    gaps = [after.offset - before.offset for before, after in pairwise(many)]
    assert mean(gaps) == pytest.approx(5.0, rel=0.05)
    assert stdev(gaps) == pytest.approx(5.0, rel=0.07)
    assert mean(gap > 5.0 for gap in gaps) == pytest.approx(0.368, abs=0.02)


def test_every_number_of_the_site_is_dialled_as_often(many: list[CallPlan]) -> None:
    assert mean(plan.dnis == NUMBERS[0] for plan in many) == pytest.approx(0.5, abs=0.03)


def test_patience_is_exponential_after_the_announcement(many: list[CallPlan]) -> None:
    beyond = [plan.patience - 5.0 for plan in many]
    assert min(beyond) >= 0
    assert mean(beyond) == pytest.approx(60.0, rel=0.05)
    assert stdev(beyond) == pytest.approx(60.0, rel=0.07)


def test_talk_times_have_the_stated_mean_and_end_by_either_side(many: list[CallPlan]) -> None:
    assert mean(plan.talk for plan in many) == pytest.approx(25.0, rel=0.05)
    assert min(plan.talk for plan in many) >= 0.5
    assert mean(plan.caller_ends for plan in many) == pytest.approx(0.6, abs=0.03)


def test_the_stated_shares_speak_english_go_wrong_and_leave(many: list[CallPlan]) -> None:
    assert mean(plan.language == "en" for plan in many) == pytest.approx(0.25, abs=0.02)
    assert mean(plan.leaves is not None for plan in many) == pytest.approx(0.07, abs=0.015)
    stayed = [plan for plan in many if plan.leaves is None]
    assert mean(WRONG in [press.key for press in plan.presses] for plan in stayed) == pytest.approx(
        0.06, abs=0.015
    )
    assert all((plan.language == "en") == (plan.presses[0].key == ENGLISH) for plan in stayed)


def test_choices_come_as_often_as_their_weights_say(many: list[CallPlan]) -> None:
    stayed = [chosen(plan) for plan in many if plan.leaves is None]
    for keys, weight in TrafficModel().choices.items():
        assert mean(keys == one for one in stayed) == pytest.approx(weight / 100, abs=0.025)


def test_one_who_leaves_never_presses_the_last_key(many: list[CallPlan]) -> None:
    choices = TrafficModel().choices
    assert all((chosen(plan) in choices) == (plan.leaves is None) for plan in many)


def test_after_a_wrong_key_the_next_waits_until_the_hotline_listens_again(many: list[CallPlan]) -> None:
    for plan in many[1:]:  # but for the first, who knows the menu by heart
        times = {press.key: press.after for press in plan.presses}
        keys = [press.key for press in plan.presses]
        if WRONG in keys[:-1]:
            assert 5.0 <= times[keys[keys.index(WRONG) + 1]] <= 8.0
        assert all(1.5 <= press.after <= 8.0 for press in plan.presses)


def test_agents_answer_within_the_stated_time_or_in_the_stated_share_never() -> None:
    model = TrafficModel(seed=3)
    delays = [model.answers_after("6001", n) for n in range(6_000)]
    answered = [delay for delay in delays if delay is not None]
    assert 1 - len(answered) / len(delays) == pytest.approx(0.03, abs=0.008)
    assert 1.0 <= min(answered) < 1.05
    assert 3.95 < max(answered) <= 4.0


@given(seeds, st.integers(1, 1_000))
@settings(max_examples=50)
def test_what_an_agent_does_hangs_on_the_seed_the_phone_and_the_ring_alone(seed: int, n: int) -> None:
    model = TrafficModel(seed=seed, unanswered=0)
    assert model.answers_after("6001", n) == TrafficModel(seed=seed, unanswered=0).answers_after("6001", n)
    assert model.answers_after("6001", n) != model.answers_after("6002", n)
    assert model.answers_after("6001", n) != model.answers_after("6001", n + 1)


def test_a_talk_is_never_shorter_than_half_a_second() -> None:
    assert TrafficModel(talk_mean=0.01).talk(Random(1)) == 0.5


def test_the_description_states_every_figure() -> None:
    model = TrafficModel(
        seed=77, per_minute=21, choices={"5": 1, "0": 3}, listening=(31, 32), english=0.33, wrong_key=0.34,
        leaves_in_menu=0.35, put_through=36, patience_mean=37, talk_mean=38, talk_spread=0.39, caller_ends=0.41,
        answer_delay=(42, 43), unanswered=0.44, after_wrong_key=(45, 46),
    )  # fmt: skip
    said = "\n".join(model.describe())
    figures = {21, 25, 75, *range(31, 39), *range(41, 47), 77}
    assert figures <= {int(figure) for figure in re.findall(r"(?<![.\d])\d+(?![.\d])", said)}
    assert "0.39" in said


def test_the_model_s_keys_do_in_the_sample_s_menu_what_the_model_says() -> None:
    """Every choice ends in a queue, the wrong key is none of the menu's, 9 leads to English."""
    site = load_site(SAMPLE)
    (entry,) = site.settings.numbers.values()
    queues, skills = site.settings.queues, site.settings.skills
    nodes = load_flows(site.flows, SiteNames(queues=queues, skills=skills)).flows[entry.flow].nodes
    main = nodes["main"]
    assert isinstance(main, Menu)
    assert WRONG not in main.keys
    english = nodes[main.keys[ENGLISH]]
    assert isinstance(english, SetLanguage)
    assert (english.language, english.next) == ("en", "main")
    for keys in TrafficModel().choices:
        node = main
        for key in keys:
            assert isinstance(node, Menu)
            node = nodes[node.keys[key]]
        assert isinstance(node, Play)
        assert isinstance(nodes[node.next], Queue)
