"""Wrap-up, hold, and phones in private use."""

from __future__ import annotations

import pytest

from acd.messages import (
    Answered,
    Ended,
    Enter,
    ExtendWrapUp,
    NotReady,
    PhoneBusy,
    PhoneSeen,
    PutOnHold,
    Ready,
    Refused,
    SeatChange,
    TakenOffHold,
    Tick,
)
from acd.plan import Plan, QueuePlan
from tests.unit.small_floor import SmallFloor, offers

PLAN = Plan({"q": QueuePlan("q", {}, wrap_up_ms=10_000)}, {"ann": {}, "bob": {}}, wrap_ups={"bob": 2_000})


def talking(seat: str) -> SmallFloor:
    floor = SmallFloor(PLAN, seat)
    floor.handle(10, Enter("c/1", "q", 10))
    floor.handle(20, Answered("c/1/1"))
    return floor


@pytest.mark.parametrize(("seat", "until"), [("ann", 10_030), ("bob", 2_030)])
def test_wrap_up_takes_the_queues_time_or_the_seats_own(seat: str, until: int) -> None:
    floor = talking(seat)
    floor.handle(30, Ended("c/1/1"))
    assert floor.distributor.seats[seat].until == until


def test_wrap_up_is_extended_on_request_and_that_is_told() -> None:
    floor = talking("ann")
    floor.handle(30, Ended("c/1/1"))
    (change,) = floor.handle(40, ExtendWrapUp("ann", 60_000))
    assert isinstance(change, SeatChange)
    assert (change.event, change.now, change.until) == ("extend", "wrap-up", 60_000)
    floor.handle(10_030, Tick())
    assert floor.state("ann") == ("wrap-up", None)
    floor.handle(60_000, Tick())
    assert floor.state("ann") == ("ready", None)


def test_who_is_not_in_wrap_up_cannot_extend_it() -> None:
    with pytest.raises(Refused, match="ann is not in wrap-up but talking"):
        talking("ann").handle(30, ExtendWrapUp("ann", 60_000))


def test_a_caller_on_hold_is_still_in_a_call_that_ends_in_wrap_up() -> None:
    floor = talking("ann")
    floor.handle(30, PutOnHold("c/1/1"))
    assert floor.state("ann") == ("hold", None)
    floor.handle(35, NotReady("ann", "lunch"))
    floor.handle(40, TakenOffHold("c/1/1"))
    assert floor.state("ann") == ("talking", None)
    floor.handle(50, PutOnHold("c/1/1"))
    floor.handle(60, Ready("ann"))
    floor.handle(70, Ended("c/1/1"))
    assert floor.state("ann") == ("wrap-up", None)


def test_a_phone_in_private_use_is_not_offered_until_it_is_free_and_keeps_its_place() -> None:
    floor = SmallFloor(PLAN, "ann")
    floor.handle(10, PhoneBusy("p-ann", busy=True))
    assert floor.state("ann") == ("not-ready", "phone-busy")
    assert offers(floor.handle(20, Enter("c/1", "q", 20))) == []
    assert offers(floor.handle(30, PhoneBusy("p-ann", busy=False))) == [("c/1", "ann")]
    assert floor.distributor.seats["ann"].idle_since == 0


def test_a_private_call_during_a_break_or_wrap_up_ends_neither() -> None:
    floor = SmallFloor(PLAN, "ann")
    floor.handle(10, NotReady("ann", "lunch"))
    floor.handle(20, PhoneBusy("p-ann", busy=True))
    floor.handle(30, PhoneBusy("p-ann", busy=False))
    assert floor.state("ann") == ("not-ready", "lunch")
    floor = talking("bob")
    floor.handle(30, Ended("c/1/1"))
    floor.handle(40, PhoneBusy("p-bob", busy=True))
    assert floor.state("bob") == ("wrap-up", None)
    floor.handle(2_030, Tick())
    assert floor.state("bob") == ("not-ready", "phone-busy")


def test_nobody_can_be_ready_at_a_phone_in_use() -> None:
    floor = SmallFloor(PLAN, "ann")
    floor.handle(10, PhoneBusy("p-ann", busy=True))
    with pytest.raises(Refused, match="phone p-ann is in use; hang up its call first"):
        floor.handle(20, Ready("ann"))


def test_a_phone_that_comes_back_in_use_is_not_offered() -> None:
    floor = SmallFloor(PLAN, "ann")
    floor.handle(10, PhoneSeen("p-ann", reachable=False))
    floor.handle(20, PhoneBusy("p-ann", busy=True))
    floor.handle(30, PhoneSeen("p-ann", reachable=True))
    assert floor.state("ann") == ("not-ready", "phone-busy")
