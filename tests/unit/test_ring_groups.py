"""A ring group: one offer, several rings, exactly one conversation."""

from __future__ import annotations

import pytest

from acd.messages import Answered, Cancel, Ended, Enter, Leave, Missed, NotReady, Offer, Ringing, Tick
from acd.plan import Plan, QueuePlan
from tests.unit.small_floor import SmallFloor, offers

PLAN = Plan(
    {
        "all": QueuePlan("all", {"faults": 1}, ring_all=3, wrap_up_ms=0),
        "one": QueuePlan("one", {"faults": 1}, wrap_up_ms=0),
    },
    {name: {"faults": 1} for name in ("ann", "bob", "cai", "dou")},
)


@pytest.fixture
def floor() -> SmallFloor:
    """Three of four ring."""
    floor = SmallFloor(PLAN, "ann", "bob", "cai", "dou")
    (offer,) = [one for one in floor.handle(100, Enter("c/1", "all", 100)) if isinstance(one, Offer)]
    assert offer.rings == (("ann", "p-ann"), ("bob", "p-bob"), ("cai", "p-cai"))
    assert (offer.seat, offer.phone) == ("ann", "p-ann")
    return floor


def test_the_first_to_answer_wins_and_the_others_fall_silent_and_free(floor: SmallFloor) -> None:
    floor.handle(150, Ringing("c/1/1"))
    cancels = [one for one in floor.handle(200, Answered("c/1/1", "bob")) if isinstance(one, Cancel)]
    assert cancels == [Cancel("c/1/1", "cancelled", "ann"), Cancel("c/1/1", "cancelled", "cai")]
    assert floor.handle(201, Answered("c/1/1", "cai")) == [], "too late"
    floor.handle(210, Missed("c/1/1", "cancelled", "ann"))
    floor.handle(210, Missed("c/1/1", "cancelled", "cai"))
    assert [floor.state(seat)[0] for seat in ("ann", "bob", "cai")] == ["ready", "talking", "ready"]
    floor.handle(300, Ended("c/1/1"))
    assert floor.state("bob") == ("ready", None)
    assert not floor.distributor.offers


def test_losers_of_whom_nothing_is_heard_fall_free_in_time_and_the_conversation_goes_on(
    floor: SmallFloor,
) -> None:
    floor.handle(200, Answered("c/1/1", "bob"))
    decisions = floor.handle(200 + PLAN.grace_ms, Tick())
    assert not [one for one in decisions if isinstance(one, Cancel)]
    assert [floor.state(seat)[0] for seat in ("ann", "bob", "cai")] == ["ready", "talking", "ready"]


def test_one_who_refuses_leaves_the_others_ringing_and_takes_another_call(floor: SmallFloor) -> None:
    floor.handle(150, Missed("c/1/1", "refused", "ann"))
    assert floor.state("ann") == ("not-ready", "refused")
    assert floor.distributor.visits["c/1"].offer == "c/1/1"
    floor.handle(160, Missed("c/1/1", "busy", "cai"))
    assert offers(floor.handle(170, Missed("c/1/1", "no-answer", "bob"))) == [("c/1", "dou")]


def test_nobody_answers_and_each_bears_it(floor: SmallFloor) -> None:
    assert offers(floor.handle(20_100, Missed("c/1/1", "no-answer"))) == [("c/1", "dou")]
    assert {floor.state(seat) for seat in ("ann", "bob", "cai")} == {("not-ready", "missed")}


def test_a_caller_who_is_gone_ends_all_rings(floor: SmallFloor) -> None:
    assert floor.handle(150, Leave("c/1")) == [Cancel("c/1/1", "cancelled")]
    floor.handle(160, Missed("c/1/1", "cancelled"))
    assert all(floor.state(seat) == ("ready", None) for seat in ("ann", "bob", "cai"))


def test_one_who_wants_a_break_while_it_rings_is_cancelled_alone(floor: SmallFloor) -> None:
    assert floor.handle(150, NotReady("bob", "lunch")) == [Cancel("c/1/1", "cancelled", "bob")]
    floor.handle(160, Missed("c/1/1", "cancelled", "bob"))
    assert floor.state("bob") == ("not-ready", "lunch")
    assert floor.distributor.visits["c/1"].offer == "c/1/1"


def test_fewer_ready_seats_ring_alone() -> None:
    floor = SmallFloor(PLAN, "dou")
    (offer,) = [one for one in floor.handle(100, Enter("c/1", "all", 100)) if isinstance(one, Offer)]
    assert offer.rings == (("dou", "p-dou"),)
