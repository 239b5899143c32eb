"""Estimated waits: the formulas against sums and simulations, and their judgement by what came true."""

from __future__ import annotations

import random
from heapq import heappop, heappush

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.estimate import Accuracy, Estimate, head_of_line, queue_length
from acd.messages import Answered, Ended, Enter, Leave, NotReady, Offer
from acd.plan import Plan, QueuePlan
from tests.unit.small_floor import SmallFloor


@given(
    ahead=st.integers(0, 300),
    servers=st.integers(1, 100),
    service_ms=st.floats(1e3, 1e6),
    patience_ms=st.floats(1e4, 1e7),
)
def test_the_integral_is_the_sum(ahead: int, servers: int, service_ms: float, patience_ms: float) -> None:
    """The sum of the mean times of all steps, within 5 %, wherever callers are more patient than a service is long."""
    rates = [servers / service_ms + left / patience_ms for left in range(ahead + 1)]
    estimate = queue_length(ahead, servers, service_ms, patience_ms)
    if servers * patience_ms >= 2 * service_ms:
        assert estimate.expected == pytest.approx(sum(1 / rate for rate in rates), rel=0.05)


def test_without_abandonment_it_is_the_time_for_those_ahead_and_oneself() -> None:
    assert queue_length(9, 10, 200_000, None).expected == pytest.approx(200_000)
    assert queue_length(9, 10, 200_000, 1e12).expected == pytest.approx(200_000, rel=0.001)


@given(st.integers(0, 200), st.integers(1, 50), st.one_of(st.none(), st.floats(1e4, 1e7)))
def test_more_ahead_is_a_longer_wait_in_a_range_around_it(
    ahead: int, servers: int, patience: float | None
) -> None:
    shorter = queue_length(ahead, servers, 180_000, patience)
    longer = queue_length(ahead + 1, servers, 180_000, patience)
    assert 0 <= shorter.low <= shorter.expected <= shorter.high
    assert longer.expected > shorter.expected


def test_the_delay_of_the_first_in_line_less_ones_own() -> None:
    assert head_of_line(60_000, 20_000).expected == 40_000
    assert head_of_line(10_000, 20_000).expected == 0


def test_estimates_are_announced_only_when_seen_often_and_good() -> None:
    good, bad, few = Accuracy(), Accuracy(), Accuracy()
    estimate = Estimate(60_000, 40_000, 80_000, "queue-length")
    for _ in range(Accuracy.ENOUGH):
        good.judge(estimate, 55_000)
        bad.judge(estimate, 150_000)
    few.judge(estimate, 60_000)
    assert (good.announceable, bad.announceable, few.announceable) == (True, False, False)
    assert (good.error.value, good.coverage.value) == (5_000, 1)


def test_before_anything_is_known_the_head_of_the_line_tells() -> None:
    floor = SmallFloor(Plan({"q": QueuePlan("q", {})}, {"ann": {}}), "ann")
    floor.handle(0, NotReady("ann", "x"))
    floor.handle(1_000, Enter("a/1", "q", 1_000))
    floor.handle(31_000, Enter("b/1", "q", 31_000))
    estimate = floor.distributor.estimate("b/1")
    assert estimate is not None
    assert (estimate.by, estimate.expected) == ("head-of-line", 30_000)
    assert floor.distributor.estimate("a/1") is None, "nobody is before him to tell"


def test_callers_of_higher_priority_count_as_ahead_and_those_after_do_not() -> None:
    floor = busy_floor()
    now = 10_000_000
    for n in range(3):
        floor.handle(now, Enter(f"w{n}/1", "q", now))
    floor.handle(now, Enter("vip/1", "q", now, priority=1))
    waits = [floor.distributor.estimate(visit) for visit in ("vip/1", "w0/1", "w1/1", "w2/1")]
    assert [wait.expected for wait in waits if wait] == pytest.approx([60_000, 120_000, 180_000, 240_000])


def busy_floor() -> SmallFloor:
    """One seat that took 60 s for each of 30 calls, and talks."""
    floor = SmallFloor(Plan({"q": QueuePlan("q", {}, wrap_up_ms=0)}, {"ann": {}}), "ann")
    for n in range(30):
        floor.handle(n * 60_000, Enter(f"{n}/1", "q", n * 60_000))
        floor.talk(n * 60_000, f"{n}/1/1", 60_000)
    floor.handle(9_999_000, Enter("talks/1", "q", 9_999_000))
    floor.handle(9_999_000, Answered("talks/1/1"))
    return floor


def test_in_an_overloaded_centre_with_abandonment_estimates_come_true() -> None:
    """M/M/10+M at twice its load: the range holds about three of five, and the error is small beside the wait."""
    accuracy = simulate(random.Random(4), calls=6_000).distributor.accuracy["q"]
    assert accuracy.announceable
    assert 0.5 < accuracy.coverage.value < 0.7
    assert accuracy.error.value < accuracy.wait.value * 0.3


def simulate(dice: random.Random, calls: int) -> SmallFloor:
    seats = [f"s{n}" for n in range(10)]
    plan = Plan({"q": QueuePlan("q", {}, wrap_up_ms=0)}, {seat: {} for seat in seats})
    floor = SmallFloor(plan, *seats)
    service, patience = 180_000, 240_000
    agenda: list[tuple[int, int, object]] = []
    order = iter(range(10**9))
    now = 10
    for n in range(calls):
        heappush(agenda, (now, next(order), Enter(f"{n}/1", "q", now)))
        heappush(agenda, (now + int(dice.expovariate(1 / patience)), next(order), Leave(f"{n}/1")))
        now += int(dice.expovariate(2 * 10 / service))
    while agenda:
        now, _, event = heappop(agenda)
        for one in floor.handle(now, event):  # type: ignore[arg-type]  # only events are in there
            if isinstance(one, Offer):
                floor.handle(now, Answered(one.offer))
                heappush(agenda, (now + int(dice.expovariate(1 / service)), next(order), Ended(one.offer)))
    return floor
