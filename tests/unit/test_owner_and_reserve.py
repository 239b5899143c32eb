"""Who is asked first, and who is kept for later: owners of cases, and experts in reserve."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.messages import Answered, Ended, Enter, Missed, NotReady, PhoneSeen, Ready, SignIn, SignOut, Tick
from acd.plan import Plan, QueuePlan, Reserve, Step
from tests.unit.small_floor import SmallFloor, offers

QUEUE = QueuePlan("q", {"billing": 1}, wrap_up_ms=0, owner_ms=20_000)
PLAN = Plan({"q": QUEUE}, {"ann": {"billing": 1}, "bob": {"billing": 1}, "cai": {"sales": 1}})
EXPERTS = Plan(
    {"q": QUEUE, "gold": QueuePlan("gold", {"billing": 1}, wrap_up_ms=0)},
    {"ann": {"billing": 5}, "bob": {"billing": 5}, "cai": {"billing": 1}},
    reserves=(Reserve("billing", 4, keep=1, tier=2),),
)


@pytest.fixture
def floor() -> SmallFloor:
    """Bob is ready; ann, who owns the case, talks with somebody else."""
    floor = SmallFloor(PLAN, "ann", "bob")
    floor.handle(10, Enter("z/1", "q", 10, owner="ann"))
    floor.handle(20, Answered("z/1/1"))
    return floor


def test_a_call_waits_for_its_owner_while_others_are_ready(floor: SmallFloor) -> None:
    assert offers(floor.handle(100, Enter("c/1", "q", 100, owner="ann"))) == []
    assert offers(floor.handle(200, Ended("z/1/1"))) == [("c/1", "ann")]


def test_when_his_time_is_over_the_rest_is_asked(floor: SmallFloor) -> None:
    floor.handle(100, Enter("c/1", "q", 100, owner="ann"))
    assert offers(floor.handle(20_099, Tick())) == []
    assert offers(floor.handle(20_100, Tick())) == [("c/1", "bob")]


def test_an_owner_on_a_break_is_still_waited_for_and_one_who_goes_home_is_not() -> None:
    floor = SmallFloor(PLAN, "ann", "bob")
    floor.handle(50, NotReady("ann", "lunch"))
    assert offers(floor.handle(100, Enter("c/1", "q", 100, owner="ann"))) == []
    assert offers(floor.handle(200, SignOut("ann"))) == [("c/1", "bob")]


@pytest.mark.parametrize("owner", ["dou", "cai", "ann"])
def test_an_owner_who_is_unknown_or_unable_or_at_home_is_not_waited_for(owner: str) -> None:
    floor = SmallFloor(PLAN, "bob", "cai")
    assert offers(floor.handle(100, Enter("c/1", "q", 100, owner=owner))) == [("c/1", "bob")]


def test_an_owner_who_refuses_is_not_asked_again_before_the_rest(floor: SmallFloor) -> None:
    floor.handle(100, Enter("c/1", "q", 100, owner="ann"))
    floor.handle(200, Ended("z/1/1"))
    assert offers(floor.handle(300, Missed("c/1/1", "refused"))) == [("c/1", "bob")]


def test_an_owner_who_went_home_is_not_waited_for_when_he_is_back() -> None:
    stepped = replace(QUEUE, steps=(Step(5_000, {"billing": 1}),))
    floor = SmallFloor(replace(PLAN, queues={"q": stepped}), "ann", "bob")
    floor.handle(50, NotReady("ann", "lunch"))
    floor.handle(50, NotReady("bob", "lunch"))
    floor.handle(100, Enter("c/1", "q", 100, owner="ann"))
    floor.handle(200, SignOut("ann"))
    floor.handle(300, PhoneSeen("p-ann", reachable=False))
    floor.handle(300, SignIn("ann", "p-ann"))
    floor.handle(5_100, Tick())
    assert offers(floor.handle(6_000, Ready("bob"))) == [("c/1", "bob")]


def test_the_last_expert_is_kept_for_the_tier() -> None:
    floor = SmallFloor(EXPERTS, "ann", "bob")
    assert offers(floor.handle(10, Enter("c/1", "q", 10))) == [("c/1", "ann")]
    assert offers(floor.handle(11, Enter("d/1", "q", 11))) == []
    assert offers(floor.handle(12, Enter("g/1", "gold", 12, tier=2))) == [("g/1", "bob")]


def test_who_is_not_an_expert_is_nobodys_reserve() -> None:
    assert offers(SmallFloor(EXPERTS, "cai").handle(10, Enter("c/1", "q", 10))) == [("c/1", "cai")]


def test_a_second_expert_who_comes_back_is_free_for_all() -> None:
    floor = SmallFloor(EXPERTS, "ann", "bob")
    floor.handle(5, NotReady("bob", "lunch"))
    floor.handle(10, Enter("c/1", "q", 10))
    assert offers(floor.handle(20, Ready("bob"))) == [("c/1", "bob")]


def test_an_expert_who_comes_back_for_another_skill_frees_the_one_in_reserve() -> None:
    plan = Plan(
        {"q": QueuePlan("q", {"billing": 1, "english": 1})},
        {"ann": {"billing": 5, "english": 1}, "bob": {"billing": 5}},
        reserves=EXPERTS.reserves,
    )
    floor = SmallFloor(plan, "ann", "bob")
    floor.handle(5, PhoneSeen("p-bob", reachable=False))
    assert offers(floor.handle(10, Enter("c/1", "q", 10))) == []
    assert offers(floor.handle(20, PhoneSeen("p-bob", reachable=True))) == [("c/1", "ann")]
