"""Whose turn it is at a seat that falls free."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import assume, given
from hypothesis import strategies as st

from acd.messages import Answered, Ended, Enter, NotReady, Ready
from acd.plan import Plan, QueuePlan
from acd.turns import effective_priority, turn
from tests.unit.small_floor import SmallFloor, offers

QUEUES = {
    "a": QueuePlan("a", {"a": 1}, wrap_up_ms=0, target_ms=60_000),
    "b": QueuePlan("b", {"b": 1}, wrap_up_ms=0, target_ms=5_000),
    "vip": QueuePlan("vip", {"a": 1}, wrap_up_ms=0, priority=3),
}
SEATS = {"ann": {"a": 1, "b": 1}, "bob": {"a": 1, "b": 1}}
GAP = 10_000


@dataclass(frozen=True)
class Caller:
    priority: int
    since: int
    sequence: int
    queue: QueuePlan = QUEUES["a"]


def served(plan: Plan, at: int, *callers: Enter) -> list[str]:
    floor = SmallFloor(plan, "ann")
    floor.handle(0, NotReady("ann", "lunch"))
    for caller in callers:
        floor.handle(caller.arrived, caller)
    return floor.serve(at, "ann")


def test_the_rank_of_a_queue_at_this_seat_goes_before_priority_and_age() -> None:
    plan = Plan(QUEUES, SEATS, ranks={"ann": {"vip": 2, "a": 3}})
    assert served(plan, 9, Enter("a/1", "a", 1), Enter("v/1", "vip", 2), Enter("b/1", "b", 3)) == [
        "b/1",
        "v/1",
        "a/1",
    ]


def test_priority_then_age_less_credit_then_the_order_of_hearing() -> None:
    calls = [
        Enter("old/1", "a", 1_000),
        Enter("late/1", "a", 50_000, credit_ms=50_000),
        Enter("same/1", "b", 50_000),
        Enter("again/1", "a", 50_000),
        Enter("vip/1", "vip", 50_000),
    ]
    assert served(Plan(QUEUES, SEATS), 60_000, *calls) == ["vip/1", "late/1", "old/1", "same/1", "again/1"]


def test_priority_grows_with_the_wait_up_to_its_bound() -> None:
    assert [effective_priority(1, waited, GAP, 3) for waited in (0, 9_999, 10_000, 20_000, 99_000)] == [
        1,
        1,
        2,
        3,
        3,
    ]
    assert effective_priority(7, 99_000, GAP, 3) == 7
    assert effective_priority(1, 99_000, None, 3) == 1


def test_an_aged_call_goes_before_a_fresh_one_of_higher_priority() -> None:
    calls = (Enter("old/1", "a", 1_000), Enter("vip/1", "vip", 30_000), Enter("vip/2", "vip", 32_000))
    assert served(Plan(QUEUES, SEATS, ageing_ms=GAP), 40_000, *calls) == ["vip/1", "old/1", "vip/2"]
    assert served(Plan(QUEUES, SEATS), 40_000, *calls) == ["vip/1", "vip/2", "old/1"]


def test_by_target_the_call_whose_target_runs_out_first_goes_first_and_credit_counts() -> None:
    plan = Plan(QUEUES, SEATS, order="target")
    calls = (
        Enter("a/1", "a", 1_000),
        Enter("b/1", "b", 50_000),
        Enter("b/2", "b", 60_000),
        Enter("a/2", "a", 61_000, credit_ms=30_000),
    )
    assert served(plan, 70_000, *calls) == ["b/1", "a/1", "b/2", "a/2"]


@given(
    old=st.integers(0, 5),
    more=st.integers(0, 5),
    late=st.integers(0, 100_000),
    now=st.integers(0, 200_000),
    bound=st.integers(0, 12),
)
def test_nobody_is_passed_by_a_call_that_came_later_than_its_priority_allows(
    old: int, more: int, late: int, now: int, bound: int
) -> None:
    """A call of priority p is passed by one of q only if that came less than (q - p) steps after it."""
    assume(old + more <= bound)
    plan = Plan(QUEUES, SEATS, ageing_ms=GAP, priority_bound=bound)
    first, second = Caller(old, 0, 1), Caller(old + more, late, 2)
    if late >= more * GAP and late <= now:
        assert turn(first, now, plan) < turn(second, now, plan)


def test_in_an_endless_stream_of_prior_calls_the_old_one_has_its_turn_after_the_bound() -> None:
    """One seat takes one call every 2 s, and two prior ones come: without ageing the old call waits for ever."""
    order = stream(Plan(QUEUES, SEATS, ageing_ms=GAP), rounds=40)
    assert "old/1" in order
    came_later = [int(visit.partition("/")[0]) * 2_000 for visit in order[: order.index("old/1")]]
    assert max(came_later) < 3 * GAP
    assert "old/1" not in stream(Plan(QUEUES, SEATS), rounds=60)


def stream(plan: Plan, rounds: int) -> list[str]:
    floor = SmallFloor(plan, "ann")
    floor.handle(0, NotReady("ann", "lunch"))
    floor.handle(1, Enter("old/1", "a", 1))
    order = []
    for n in range(rounds):
        now = 2 + n * 2_000
        floor.handle(now, Enter(f"{n}/1", "vip", now))
        floor.handle(now, Enter(f"{n}/2", "vip", now))
        ((visit, _),) = offers(floor.handle(now, Ready("ann")))
        order.append(visit)
        floor.handle(now, Answered(f"{visit}/1"))
        floor.handle(now, NotReady("ann", "x"))
        floor.handle(now, Ended(f"{visit}/1"))
    return order


@given(
    st.lists(
        st.builds(Caller, st.integers(0, 5), st.integers(0, 99), st.integers()),
        unique_by=lambda c: c.sequence,
    )
)
def test_no_two_calls_ever_tie(callers: list[Caller]) -> None:
    plan = Plan(QUEUES, SEATS, ageing_ms=10)
    assert len({turn(caller, 100, plan) for caller in callers}) == len(callers)
