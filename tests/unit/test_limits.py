"""A stay in a queue ends by its limits, on entry and while waiting."""

from __future__ import annotations

from acd.messages import Answered, Close, Ended, Enter, Missed, NotReady, PhoneSeen, Refused, SignOut, Tick
from acd.plan import Plan, QueuePlan
from tests.unit.small_floor import SmallFloor, closed, offers

PLAN = Plan(
    {
        "q": QueuePlan("q", {"billing": 1}, wrap_up_ms=0, longest_wait_ms=60_000, capacity=2),
        "est": QueuePlan("est", {"billing": 1}, wrap_up_ms=0, longest_estimate_ms=100_000),
    },
    {"ann": {"billing": 1}, "bob": {"sales": 1}},
)


def test_the_limit_of_a_wait_passes_while_it_rings_and_holds_when_that_comes_to_nothing() -> None:
    floor = SmallFloor(PLAN, "ann")
    floor.handle(50_000, Enter("c/1", "q", 0))
    assert closed(floor.handle(60_000, Tick())) == []
    assert closed(floor.handle(61_000, Missed("c/1/1", "no-answer"))) == [("c/1", "timeout")]


def test_the_wait_in_an_earlier_queue_counts() -> None:
    floor = SmallFloor(PLAN, "ann")
    floor.handle(10, NotReady("ann", "lunch"))
    floor.handle(50_000, Enter("c/1", "q", 20_000))
    assert floor.distributor.due() == 80_000


def test_callbacks_take_no_line_and_have_no_limits() -> None:
    floor = SmallFloor(PLAN, "ann")
    floor.handle(10, NotReady("ann", "lunch"))
    for n in range(3):
        assert floor.handle(20, Enter(f"cb{n}/1", "q", 20, kind="callback")) == []
    assert floor.handle(20, Enter("c/1", "q", 20)) == []
    assert closed(floor.handle(30_000, SignOut("ann"))) == [("c/1", "no_agents")]
    assert closed(floor.handle(99_000, Tick())) == []
    assert set(floor.distributor.visits) == {"cb0/1", "cb1/1", "cb2/1"}


def test_a_phone_that_is_lost_for_a_minute_is_nobody_on_duty() -> None:
    floor = SmallFloor(PLAN, "ann", "bob")
    floor.handle(10, PhoneSeen("p-ann", reachable=False))
    assert floor.handle(20, Enter("c/1", "est", 20)) == []
    assert closed(floor.handle(60_010, Tick())) == [("c/1", "no_agents")]
    assert closed(floor.handle(60_020, Enter("d/1", "q", 60_020))) == [("d/1", "no_agents")]
    floor.handle(60_030, PhoneSeen("p-ann", reachable=True))
    assert offers(floor.handle(60_040, Enter("e/1", "q", 60_040))) == [("e/1", "ann")]


def test_who_comes_back_into_line_where_nobody_is_left_is_sent_on() -> None:
    floor = SmallFloor(PLAN, "ann")
    floor.handle(10, Enter("c/1", "q", 10))
    floor.handle(20, SignOut("ann"))
    assert closed(floor.handle(30, Missed("c/1/1", "cancelled"))) == [("c/1", "no_agents")]


def test_a_wait_that_would_be_too_long_is_refused_on_entry_and_given_up_later() -> None:
    floor = SmallFloor(PLAN, "ann")
    for n in range(25):  # each takes 50 s: enough to know
        floor.handle(n * 50_000, Enter(f"{n}/1", "est", n * 50_000))
        floor.talk(n * 50_000, f"{n}/1/1", 50_000)
    now = 2_000_000
    floor.handle(now, Enter("talks/1", "est", now))
    floor.handle(now, Answered("talks/1/1"))
    assert closed(floor.handle(now, Enter("a/1", "est", now))) == []
    assert closed(floor.handle(now, Enter("b/1", "est", now))) == []
    assert closed(floor.handle(now, Enter("c/1", "est", now))) == [("c/1", "long_wait")]
    floor.handle(now + 1, Enter("vip/1", "est", now + 1, priority=5))
    assert closed(floor.handle(now + 10_001, Tick())) == [("b/1", "long_wait")]


def test_a_wish_that_is_refused_loses_nothing_that_was_due() -> None:
    floor = SmallFloor(PLAN, "ann")
    floor.handle(10, NotReady("ann", "lunch"))
    floor.handle(20, Enter("c/1", "q", 20))
    try:
        floor.handle(60_020, NotReady("nobody", "lunch"))
    except Refused:
        assert floor.distributor.due() == 60_020
    assert floor.handle(60_021, Ended("x")) == [Close("c/1", "timeout")]
