"""The distributor: the life of a call and of a seat, by example."""

from __future__ import annotations

import pytest

from acd.distributor import Distributor
from acd.messages import (
    Answered,
    Cancel,
    Close,
    Decision,
    Ended,
    Enter,
    Hold,
    Leave,
    Missed,
    NotReady,
    Offer,
    PhoneSeen,
    Ready,
    Refused,
    Release,
    RestoreSeat,
    SignIn,
    SignOut,
    Tick,
)
from acd.plan import Plan, QueuePlan
from acd.policy import can_serve, needs

PLAN = Plan(
    queues={
        "billing": QueuePlan("billing", {"billing": 2}),
        "faults": QueuePlan("faults", {"faults": 1}, wrap_up_ms=0, capacity=3),
        "vip": QueuePlan("vip", {"billing": 2}, priority=5, longest_wait_ms=120_000),
    },
    seats={
        "ann": {"billing": 3, "english": 2},
        "bob": {"billing": 2, "faults": 4},
        "cai": {"faults": 2, "english": 5},
        "dou": {"billing": 1},
    },
)


def house(*seats: str) -> Distributor:
    """A distributor with these seats ready since 0, 1, 2 … ms, each at a phone of its own name."""
    distributor = Distributor(PLAN)
    for i, seat in enumerate(seats):
        distributor.handle(i, PhoneSeen(f"p-{seat}", reachable=True))
        distributor.handle(i, SignIn(seat, f"p-{seat}"))
    return distributor


def offers(decisions: list[Decision]) -> list[tuple[str, str]]:
    return [(d.visit, d.seat) for d in decisions if isinstance(d, Offer)]


def test_a_call_rings_the_seat_that_has_been_idle_longest() -> None:
    assert offers(house("bob", "ann").handle(10, Enter("c/1", "billing", 10))) == [("c/1", "bob")]


def test_a_seat_whose_level_is_too_low_is_never_rung() -> None:
    assert offers(house("dou").handle(10, Enter("c/1", "billing", 10))) == []


def test_a_skill_that_the_call_adds_is_needed_too() -> None:
    distributor = house("bob", "ann")
    assert offers(distributor.handle(10, Enter("c/1", "billing", 10, {"english": 1}))) == [("c/1", "ann")]


def test_a_missing_skill_is_not_level_zero() -> None:
    assert not can_serve({"billing": 5}, needs({"english": 0}))


def test_a_freed_seat_takes_the_higher_priority_then_the_older_call() -> None:
    distributor = house("ann")
    distributor.handle(10, NotReady("ann", "lunch"))
    for visit, queue, arrived in [("b/1", "billing", 12), ("a/1", "billing", 11), ("v/1", "vip", 13)]:
        distributor.handle(20, Enter(visit, queue, arrived))
    order = []
    now = 100
    decisions = distributor.handle(now, Ready("ann"))
    while found := [d for d in decisions if isinstance(d, Offer)]:
        order.append(found[0].visit)
        distributor.handle(now, Answered(found[0].offer))
        distributor.handle(now, Ended(found[0].offer))
        decisions = distributor.handle(now, Ready("ann"))
    assert order == ["v/1", "a/1", "b/1"]


def test_ring_out_makes_the_seat_not_ready_and_the_caller_goes_to_the_next_in_his_place() -> None:
    distributor = house("bob", "ann")
    distributor.handle(10, Enter("c/1", "billing", 10))
    decisions = distributor.handle(20_010, Missed("c/1/1", "no-answer"))
    assert offers(decisions) == [("c/1", "ann")]
    assert (distributor.seats["bob"].state, distributor.seats["bob"].reason) == ("not-ready", "missed")


def test_a_seat_that_missed_comes_back_by_itself_after_the_pause() -> None:
    distributor = house("bob")
    distributor.handle(10, Enter("c/1", "billing", 10))
    distributor.handle(20_010, Missed("c/1/1", "no-answer"))
    assert distributor.due() is not None
    assert offers(distributor.handle(20_010 + PLAN.missed_pause_ms, Tick())) == [("c/1", "bob")]


def test_a_caller_who_leaves_while_it_rings_frees_the_seat_when_the_phone_has_stopped() -> None:
    distributor = house("bob")
    distributor.handle(10, Enter("c/1", "billing", 10))
    assert [d for d in distributor.handle(50, Leave("c/1")) if isinstance(d, Cancel)]
    assert distributor.seats["bob"].state == "reserved"
    distributor.handle(60, Missed("c/1/1", "cancelled"))
    assert distributor.seats["bob"].state == "ready"
    assert distributor.seats["bob"].idle_since == 0, "it keeps its place among the idle"


def test_an_offer_of_which_nothing_is_heard_is_given_up_in_time() -> None:
    distributor = house("bob", "ann")
    distributor.handle(10, Enter("c/1", "billing", 10))
    decisions = distributor.handle(10 + 20_000 + PLAN.grace_ms, Tick())
    assert Cancel("c/1/1", "no-answer") in decisions
    assert offers(decisions) == [("c/1", "ann")]


def test_busy_and_unreachable_phones_have_their_own_consequences() -> None:
    distributor = house("bob", "ann")
    distributor.handle(10, Enter("c/1", "billing", 10))
    distributor.handle(20, Missed("c/1/1", "busy"))
    distributor.handle(30, Missed("c/1/2", "unreachable"))
    assert (distributor.seats["bob"].state, distributor.seats["bob"].reason) == ("not-ready", "phone-busy")
    assert distributor.seats["ann"].state == "unreachable"
    assert offers(distributor.handle(40, PhoneSeen("p-ann", reachable=True))) == [], (
        "ann just missed this call"
    )
    assert offers(distributor.handle(30_030, Tick())) == [("c/1", "bob")], "bob came back first"


def test_a_queue_refuses_the_caller_above_its_capacity_but_never_one_who_comes_back() -> None:
    distributor = house("cai")
    distributor.handle(5, NotReady("cai", "lunch"))
    for i in range(3):
        assert distributor.handle(10, Enter(f"{i}/1", "faults", 10)) == []
    assert distributor.handle(10, Enter("3/1", "faults", 10)) == [Close("3/1", "full")]
    assert distributor.handle(10, Enter("4/1", "faults", 10, returning=True)) == []


def test_the_longest_wait_sends_a_caller_on_even_when_nothing_else_happens() -> None:
    distributor = house("dou", "ann")
    distributor.handle(5, NotReady("ann", "lunch"))
    distributor.handle(10, Enter("v/1", "vip", 10))
    assert distributor.handle(120_010, Tick()) == [Close("v/1", "timeout")]


def test_a_caller_whom_nobody_on_duty_could_serve_is_told_so_at_once_and_while_waiting() -> None:
    distributor = house("dou", "ann")
    distributor.handle(5, NotReady("ann", "lunch"))
    assert distributor.handle(6, Enter("f/1", "faults", 6)) == [Close("f/1", "no_agents")]
    distributor.handle(7, Enter("b/1", "billing", 7))
    assert Close("b/1", "no_agents") in distributor.handle(8, SignOut("ann"))


def test_wrap_up_ends_by_itself_or_when_the_agent_says_so() -> None:
    distributor = house("ann")
    distributor.handle(10, Enter("a/1", "billing", 10))
    distributor.handle(20, Answered("a/1/1"))
    distributor.handle(30, Ended("a/1/1"))
    distributor.handle(40, Enter("b/1", "billing", 40))
    assert distributor.seats["ann"].state == "wrap-up"
    assert offers(distributor.handle(10_030, Tick())) == [("b/1", "ann")]


def test_not_ready_asked_for_while_talking_comes_after_the_call() -> None:
    distributor = house("ann")
    distributor.handle(10, Enter("a/1", "billing", 10))
    distributor.handle(20, Answered("a/1/1"))
    distributor.handle(25, NotReady("ann", "lunch"))
    assert distributor.seats["ann"].state == "talking"
    distributor.handle(30, Ended("a/1/1"))
    assert (distributor.seats["ann"].state, distributor.seats["ann"].reason) == ("not-ready", "lunch")


def test_two_people_cannot_sit_at_one_phone() -> None:
    distributor = house("ann")
    with pytest.raises(Refused, match="ann is signed in at phone p-ann"):
        distributor.handle(9, SignIn("bob", "p-ann"))


def test_after_a_restart_nothing_is_offered_until_all_are_back_and_then_in_the_old_order() -> None:
    distributor = Distributor(PLAN)
    distributor.handle(1000, Hold(4000))
    distributor.handle(1000, PhoneSeen("p-ann", reachable=True))
    distributor.handle(1000, RestoreSeat("ann", "p-ann", "ready", since=500))
    assert offers(distributor.handle(1100, Enter("b/1", "billing", 700, offers=2, returning=True))) == []
    assert offers(distributor.handle(1200, Enter("a/1", "billing", 600, returning=True))) == []
    assert offers(distributor.handle(1300, Release())) == [("a/1", "ann")]


def test_a_hold_that_nobody_releases_ends_in_its_time() -> None:
    distributor = Distributor(PLAN)
    distributor.handle(1000, Hold(4000))
    distributor.handle(1000, PhoneSeen("p-ann", reachable=True))
    distributor.handle(1000, RestoreSeat("ann", "p-ann", "ready", since=500))
    distributor.handle(1100, Enter("b/1", "billing", 700, offers=2, returning=True))
    assert distributor.due() == 4000
    (offer,) = [d for d in distributor.handle(4000, Tick()) if isinstance(d, Offer)]
    assert offer.offer == "b/1/3", "ids go on where they were"


def test_a_conversation_that_outlived_the_engine_still_occupies_its_seat_and_ends_in_wrap_up() -> None:
    distributor = Distributor(PLAN)
    distributor.handle(1000, PhoneSeen("p-ann", reachable=True))
    distributor.handle(
        1000, RestoreSeat("ann", "p-ann", "talking", since=500, offer="a/1/1", queue="billing")
    )
    assert offers(distributor.handle(1100, Enter("b/1", "billing", 1100))) == []
    distributor.handle(2000, Ended("a/1/1"))
    assert offers(distributor.handle(12_000, Tick())) == [("b/1", "ann")]


def test_an_offer_explains_itself() -> None:
    (offer,) = [d for d in house("ann").handle(10, Enter("c/1", "billing", 4)) if isinstance(d, Offer)]
    assert offer.why["needs"] == {"billing": 2}
    assert offer.why["seat_skills"] == {"billing": 3}
    assert offer.why["waited_ms"] == 6
