"""The distributor can say why a call waits and why a seat is idle."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.messages import Enter, Hold, Missed, NotReady
from acd.plan import Plan, QueuePlan, Reserve, Step
from tests.unit.small_floor import SmallFloor

PLAN = Plan(
    {
        "q": QueuePlan("q", {"billing": 2}, steps=(Step(10_000, {"billing": 1}),)),
        "vip": QueuePlan("vip", {"billing": 2}, priority=3),
    },
    {"ann": {"billing": 3}, "bob": {"billing": 1}, "cai": {"sales": 5}, "dou": {"billing": 5}},
    reserves=(Reserve("billing", 5, keep=1, tier=1),),
)


@pytest.fixture
def floor() -> SmallFloor:
    floor = SmallFloor(PLAN, "ann", "bob", "dou")
    floor.handle(10, NotReady("ann", "lunch"))
    for visit, queue in (("a/1", "q"), ("b/1", "q"), ("v/1", "vip")):
        floor.handle(20, Enter(visit, queue, 20))
    return floor


def test_a_waiting_call_tells_what_rules_out_each_seat(floor: SmallFloor) -> None:
    told = floor.distributor.explain("b/1", 1_020)
    assert told["needs"] == [{"billing": 2}]
    assert told["waited_ms"] == 1_000
    assert told["seats"] == {
        "ann": "not-ready: lunch",
        "bob": "lacks billing 2",
        "cai": "lacks billing 2",
        "dou": "kept in reserve for tier 1",
    }


def test_it_tells_who_is_ahead_and_why(floor: SmallFloor) -> None:
    told = floor.distributor.explain("b/1", 1_020)
    assert told["first_ahead"] == [
        {"visit": "v/1", "queue": "vip", "because": "higher priority"},
        {"visit": "a/1", "queue": "q", "because": "came first"},
    ]


def test_it_tells_the_owner_and_the_refusal_that_are_in_the_way() -> None:
    floor = SmallFloor(PLAN, "ann", "dou")
    floor.handle(10, NotReady("dou", "x"))
    floor.handle(20, Enter("a/1", "q", 20, owner="dou"))
    assert floor.distributor.explain("a/1", 30)["seats"]["ann"] == "the call waits for its owner dou"
    floor = SmallFloor(replace(PLAN, misses_allowed=2), "ann")
    floor.handle(20, Enter("a/1", "q", 20))
    floor.handle(30, Missed("a/1/1", "refused"))
    assert floor.state("ann") == ("ready", None)
    told = floor.distributor.explain("a/1", 1_030)["seats"]["ann"]
    assert told == "missed this call; not again for 29000 ms"


def test_an_idle_seat_tells_what_keeps_each_caller_from_it(floor: SmallFloor) -> None:
    told = floor.distributor.explain_seat("bob", 1_020)
    assert (told["state"], told["waiting"]) == ("ready", 3)
    assert set(told["callers"].values()) == {"lacks billing 2"}


def test_nothing_is_in_the_way_but_the_hold() -> None:
    floor = SmallFloor(PLAN, "ann")
    floor.handle(10, Hold(5_000))
    floor.handle(20, Enter("a/1", "q", 20))
    told = floor.distributor.explain("a/1", 30)
    assert (told["held"], told["seats"]["ann"]) == (True, None)


def test_to_explain_changes_nothing(floor: SmallFloor) -> None:
    due = floor.distributor.due()
    assert floor.distributor.explain("a/1", 99_000) == floor.distributor.explain("a/1", 99_000)
    assert floor.distributor.due() == due
