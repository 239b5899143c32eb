"""The plan changes while calls are on."""

from __future__ import annotations

from dataclasses import replace

from acd.messages import Answered, Ended, Enter, Missed, NotReady, Reconfigure, Tick
from acd.plan import Plan, QueuePlan, Step
from tests.unit.small_floor import SmallFloor, closed, offers

BILLING = QueuePlan("billing", {"billing": 2}, wrap_up_ms=0)
FAULTS = QueuePlan("faults", {"faults": 1}, wrap_up_ms=0)
PLAN = Plan(
    {"billing": BILLING, "faults": FAULTS},
    {"ann": {"billing": 3}, "bob": {"faults": 1}},
)
NO_FAULTS = replace(PLAN, queues={"billing": BILLING})


def test_callers_in_a_queue_that_is_gone_are_sent_on_and_others_stay() -> None:
    floor = SmallFloor(PLAN, "ann", "bob")
    floor.handle(5, NotReady("ann", "x"))
    floor.handle(5, NotReady("bob", "x"))
    floor.handle(10, Enter("b/1", "billing", 10))
    floor.handle(10, Enter("f/1", "faults", 10))
    assert closed(floor.handle(20, Reconfigure(NO_FAULTS))) == [("f/1", "queue-removed")]
    assert floor.serve(30, "ann") == ["b/1"]


def test_a_ring_for_a_queue_that_is_gone_goes_on_and_only_then_its_caller_does() -> None:
    floor = SmallFloor(PLAN, "bob")
    floor.handle(10, Enter("f/1", "faults", 10))
    assert floor.handle(20, Reconfigure(NO_FAULTS)) == []
    assert closed(floor.handle(30, Missed("f/1/1", "no-answer"))) == [("f/1", "queue-removed")]


def test_a_seat_that_is_gone_finishes_its_call_and_is_then_signed_out() -> None:
    floor = SmallFloor(PLAN, "ann", "bob")
    floor.handle(10, Enter("f/1", "faults", 10))
    floor.handle(20, Answered("f/1/1"))
    floor.handle(30, Reconfigure(replace(PLAN, seats={"ann": {"billing": 3}})))
    assert floor.state("bob") == ("talking", None)
    (change,) = floor.handle(40, Ended("f/1/1"))
    assert (change.seat, change.now) == ("bob", "signed-out")  # type: ignore[union-attr]
    assert set(floor.distributor.seats) == {"ann"}


def test_nobody_waits_for_a_seat_that_finishes_its_last_call() -> None:
    floor = SmallFloor(PLAN, "bob")
    floor.handle(10, Enter("f/1", "faults", 10))
    floor.handle(20, Answered("f/1/1"))
    floor.handle(25, Enter("f/2", "faults", 25))
    gone = Reconfigure(replace(PLAN, seats={"ann": {"billing": 3}}))
    assert closed(floor.handle(30, gone)) == [("f/2", "no_agents")]


def test_a_seat_that_is_back_in_the_plan_stays_after_its_call() -> None:
    floor = SmallFloor(PLAN, "bob")
    floor.handle(10, Enter("f/1", "faults", 10))
    floor.handle(20, Answered("f/1/1"))
    floor.handle(30, Reconfigure(replace(PLAN, seats={})))
    floor.handle(40, Reconfigure(PLAN))
    floor.handle(50, Ended("f/1/1"))
    assert floor.state("bob") == ("ready", None)
    assert offers(floor.handle(60, Enter("f/2", "faults", 60))) == [("f/2", "bob")]


def test_a_new_seat_and_new_skills_serve_who_waits_already() -> None:
    floor = SmallFloor(PLAN, "ann", "bob")
    floor.handle(5, NotReady("bob", "x"))
    floor.handle(10, Enter("f/1", "faults", 10))
    able = replace(
        PLAN, seats={"ann": {"billing": 3, "faults": 1}, "bob": {"faults": 1}, "cai": {"faults": 1}}
    )
    assert offers(floor.handle(20, Reconfigure(able))) == [("f/1", "ann")]
    floor.handle(30, Enter("f/2", "faults", 30))
    assert offers(floor.sign_in(40, "cai")) == [("f/2", "cai")]


def test_who_can_no_longer_be_served_is_told() -> None:
    floor = SmallFloor(PLAN, "ann")
    floor.handle(5, NotReady("ann", "x"))
    floor.handle(10, Enter("b/1", "billing", 10))
    unable = replace(PLAN, seats={"ann": {"billing": 1}})
    assert closed(floor.handle(20, Reconfigure(unable))) == [("b/1", "no_agents")]


def test_new_steps_and_priorities_count_from_the_old_arrival() -> None:
    floor = SmallFloor(PLAN, "bob")
    floor.sign_in(5, "ann")
    floor.handle(5, NotReady("ann", "x"))
    floor.handle(10, Enter("b/1", "billing", 10))
    stepped = replace(BILLING, steps=(Step(1_000, {"faults": 1}, drop=("billing",)),))
    floor.handle(20, Reconfigure(replace(PLAN, queues={"billing": stepped, "faults": FAULTS})))
    assert offers(floor.handle(1_010, Tick())) == [("b/1", "bob")]


def test_conversations_keep_the_wrap_up_that_they_began_with() -> None:
    floor = SmallFloor(PLAN, "ann")
    floor.handle(10, Enter("b/1", "billing", 10))
    floor.handle(20, Answered("b/1/1"))
    longer = replace(BILLING, wrap_up_ms=60_000)
    floor.handle(30, Reconfigure(replace(PLAN, queues={"billing": longer})))
    floor.handle(40, Ended("b/1/1"))
    assert floor.state("ann") == ("ready", None)
