"""The distributor can say why a call waits, why a seat is idle, and which seat it would choose."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.explain import Bar, Rival
from acd.messages import Enter, Hold, Missed, NotReady, RestoreSeat, Tick
from acd.plan import Plan, QueuePlan, Reserve, SeatOrder, Step
from acd.still import Still
from tests.unit.small_floor import SmallFloor, offers

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
    assert told.needs == ((("billing", 2),),)
    assert told.waited_ms == 1_000
    assert told.seats == {
        "ann": Bar("state", state="not-ready", reason="lunch"),
        "bob": Bar("lacks", missing=(("billing", 2),), has={"billing": 1}),
        "cai": Bar("lacks", missing=(("billing", 2),)),
        "dou": Bar("reserve", tier=1),
    }


def test_it_tells_who_is_ahead_and_why(floor: SmallFloor) -> None:
    told = floor.distributor.explain("b/1", 1_020)
    assert told.ahead == 2
    assert told.first_ahead == (
        Rival("v/1", "vip", "priority", -3, 0),
        Rival("a/1", "q", "order", theirs=told.first_ahead[1].theirs, his=told.first_ahead[1].his),
    )
    assert told.first_ahead[1].theirs < told.first_ahead[1].his


def test_it_tells_the_owner_and_the_refusal_that_are_in_the_way() -> None:
    floor = SmallFloor(PLAN, "ann", "dou")
    floor.handle(10, NotReady("dou", "x"))
    floor.handle(20, Enter("a/1", "q", 20, owner="dou"))
    told = floor.distributor.explain("a/1", 30)
    assert (told.waits_for, told.seats["ann"]) == ("dou", Bar("owner", owner="dou"))
    floor = SmallFloor(replace(PLAN, misses_allowed=2), "ann")
    floor.handle(20, Enter("a/1", "q", 20))
    floor.handle(30, Missed("a/1/1", "refused"))
    assert floor.state("ann") == ("ready", None)
    assert floor.distributor.explain("a/1", 1_030).seats["ann"] == Bar("missed", until=30_030)


def test_an_idle_seat_tells_what_keeps_each_caller_from_it(floor: SmallFloor) -> None:
    told = floor.distributor.explain_seat("bob", 1_020)
    assert (told.state, told.waiting) == ("ready", 3)
    assert {bar.kind for bar in told.callers.values() if bar is not None} == {"lacks"}


def test_nothing_is_in_the_way_but_the_hold() -> None:
    floor = SmallFloor(PLAN, "ann")
    floor.handle(10, Hold(5_000))
    floor.handle(20, Enter("a/1", "q", 20))
    told = floor.distributor.explain("a/1", 30)
    assert (told.held, told.seats["ann"]) == (True, None)


def test_to_explain_changes_nothing(floor: SmallFloor) -> None:
    due = floor.distributor.due()
    assert floor.distributor.explain("a/1", 99_000) == floor.distributor.explain("a/1", 99_000)
    assert floor.distributor.due() == due


SEATS = (
    RestoreSeat("ann", "p1", "ready", 900, idle_since=500, signed_in=0, busy_ms=400, turns={"q": 2}),
    RestoreSeat("bob", "p2", "ready", 300, signed_in=0, busy_ms=700, turns={"q": 1}),
    RestoreSeat("cai", "p3", "ready", 800, signed_in=0, busy_ms=100),
)


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("longest-idle", ["bob", "ann", "cai"]),
        ("least-busy", ["cai", "ann", "bob"]),
        ("best-skilled", ["ann", "bob", "cai"]),
        ("least-skilled", ["cai", "bob", "ann"]),
        ("round-robin", ["cai", "bob", "ann"]),
    ],
)
def test_the_seats_that_a_call_may_have_stand_in_the_order_of_its_queue(
    order: SeatOrder, first: list[str]
) -> None:
    plan = Plan(
        {"q": QueuePlan("q", {"b": 1}, seat_order=order)}, {"ann": {"b": 3}, "bob": {"b": 2}, "cai": {"b": 1}}
    )
    chosen = Still(plan, 1_000, SEATS, [Enter("a/1", "q", 990)]).choice("a/1")
    assert (chosen.rule, [one.seat for one in chosen.possible]) == (order, first)


def test_a_free_seat_tells_whose_turn_it_is_there_and_why_not_the_others() -> None:
    plan = Plan(
        {"q": QueuePlan("q", {}), "r": QueuePlan("r", {})}, {"ann": {}}, ranks={"ann": {"q": 2, "r": 1}}
    )
    callers = [Enter("a/1", "q", 10), Enter("b/1", "r", 30), Enter("c/1", "r", 70)]
    due = Still(plan, 1_000, SEATS, callers).due("ann")
    assert (due.visit, due.after) == ("b/1", 2)
    assert due.first_after == (Rival("c/1", "r", "age", 70, 30), Rival("a/1", "q", "rank", 2, 1))


def test_in_a_still_nobody_is_sent_on_and_a_phone_long_lost_gives_no_hope() -> None:
    plan = Plan({"q": QueuePlan("q", {}, longest_wait_ms=50, capacity=0, owner_ms=10_000_000)}, {"ann": {}})
    lost = RestoreSeat("ann", "p1", "unreachable", 0)
    still = Still(plan, 500_000, [lost], [Enter("a/1", "q", 10, owner="ann")])
    assert (still.in_queue("q"), still.waits("a/1").waits_for) == (1, None)


def test_who_comes_back_is_spared_the_seat_that_missed_him_before() -> None:
    floor = SmallFloor(PLAN, "ann")
    assert offers(floor.handle(20, Enter("a/1", "q", 10, returning=True, avoid={"ann": 5_000}))) == []
    assert floor.distributor.due() == 5_000
    assert offers(floor.handle(5_000, Tick())) == [("a/1", "ann")]
