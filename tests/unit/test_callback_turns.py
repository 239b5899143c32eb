"""A call-back is a virtual caller: it has its place, and nobody's fault is its own."""

from __future__ import annotations

from acd.messages import CallbackFailed, Enter, Leave, Missed, NotReady, Offer, Ready, Tick
from acd.plan import Plan, QueuePlan
from tests.unit.small_floor import SmallFloor, offers

PLAN = Plan({"q": QueuePlan("q", {}, wrap_up_ms=0)}, {"ann": {}, "bob": {}})


def test_it_neither_overtakes_nor_is_overtaken() -> None:
    floor = SmallFloor(PLAN, "ann")
    floor.handle(5, NotReady("ann", "lunch"))
    floor.handle(40, Enter("b/1", "q", 30, kind="callback"))
    floor.handle(50, Enter("a/1", "q", 20))
    floor.handle(60, Enter("c/1", "q", 60))
    assert floor.serve(70, "ann") == ["a/1", "b/1", "c/1"]


def test_its_offer_reserves_the_seat_and_says_what_it_is() -> None:
    floor = SmallFloor(PLAN, "ann")
    (offer,) = [o for o in floor.handle(40, Enter("b/1", "q", 30, kind="callback")) if isinstance(o, Offer)]
    assert offer.callback
    assert floor.state("ann") == ("reserved", None)


def test_a_customer_who_does_not_answer_costs_the_seat_nothing_and_comes_back_in_his_old_place() -> None:
    floor = SmallFloor(PLAN, "ann")
    floor.handle(40, Enter("b/1", "q", 30, kind="callback"))
    floor.handle(50, CallbackFailed("b/1", retry_at=60_000))
    assert floor.state("ann") == ("ready", None)
    assert floor.distributor.seats["ann"].idle_since == 0
    floor.handle(55, NotReady("ann", "lunch"))
    floor.handle(100, Enter("c/1", "q", 100))
    assert floor.serve(59_000, "ann") == ["c/1"]
    assert offers(floor.handle(60_000, Tick())) == [("b/1", "ann")]
    floor.handle(60_010, NotReady("ann", "lunch"))
    floor.handle(60_010, Missed("b/1/2", "cancelled"))
    floor.handle(60_020, Enter("d/1", "q", 20_000))
    assert floor.serve(60_030, "ann") == ["b/1", "d/1"]


def test_without_a_window_it_is_tried_again_after_a_while() -> None:
    floor = SmallFloor(PLAN, "ann")
    floor.handle(40, Enter("b/1", "q", 30, kind="callback"))
    assert offers(floor.handle(50, Missed("b/1/1", "no-customer"))) == []
    assert offers(floor.handle(50 + PLAN.callback_retry_ms, Tick())) == [("b/1", "ann")]


def test_a_seat_that_misses_a_callback_bears_it_as_ever() -> None:
    floor = SmallFloor(PLAN, "ann", "bob")
    floor.handle(40, Enter("b/1", "q", 30, kind="callback"))
    assert offers(floor.handle(50, Missed("b/1/1", "no-answer"))) == [("b/1", "bob")]
    assert floor.state("ann") == ("not-ready", "missed")


def test_one_that_is_aside_can_be_withdrawn_or_put_off() -> None:
    floor = SmallFloor(PLAN, "ann")
    floor.handle(40, Enter("b/1", "q", 30, kind="callback"))
    floor.handle(50, CallbackFailed("b/1", retry_at=60_000))
    floor.handle(60, CallbackFailed("b/1", retry_at=90_000))
    assert offers(floor.handle(60_000, Ready("ann"))) == []
    floor.handle(70_000, Leave("b/1"))
    assert floor.handle(90_000, Tick()) == []
    assert not floor.distributor.visits
