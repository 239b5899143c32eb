"""The simulation: what callers and people do around the distributor, by example."""

from __future__ import annotations

from acd.messages import NotReady, Ready
from acd.plan import Plan, QueuePlan, Step
from acd.simulation import Caller, Fact, Outcome, Queued, Simulation, all_at_work

ONE = Plan({"q": QueuePlan("q", {}, wrap_up_ms=5_000)}, {"ann": {}})


def outcomes(facts: list[Fact]) -> list[tuple[str, str, int]]:
    """Which call ended how, after which wait, ms."""
    return [(fact.visit, fact.how, fact.waited_ms) for fact in facts if isinstance(fact, Outcome)]


def served(facts: list[Fact]) -> list[tuple[str | None, int]]:
    """Which seat answered, after which wait, ms."""
    return [(fact.seat, fact.waited_ms) for fact in facts if isinstance(fact, Outcome)]


def test_a_caller_waits_until_the_conversation_and_the_wrap_up_before_him_are_over() -> None:
    facts = list(Simulation(ONE, [Caller(1_000, "q", 60_000), Caller(2_000, "q", 60_000)]).run())
    assert outcomes(facts) == [("1/1", "answered", 0), ("2/1", "answered", 64_000)]


def test_only_who_finds_nobody_ready_is_queued_and_can_be_asked_about_in_that_moment() -> None:
    simulation = Simulation(ONE, [Caller(1_000, "q", 60_000), Caller(2_000, "q", 60_000)])
    visits = simulation.distributor.visits
    queued = [(one.visit, visits[one.visit].arrived) for one in simulation.run() if isinstance(one, Queued)]
    assert queued == [("2/1", 2_000)]


def test_a_caller_gives_up_when_his_patience_is_over_also_while_it_rings_for_him() -> None:
    callers = [Caller(1_000, "q", 60_000, patience_ms=3_000), Caller(10_000, "q", 60_000)]
    facts = list(Simulation(ONE, callers, answer_ms=4_000).run())
    assert outcomes(facts) == [("1/1", "abandoned", 3_000), ("2/1", "answered", 4_000)]


def test_who_was_answered_in_time_does_not_give_up_any_more() -> None:
    facts = list(Simulation(ONE, [Caller(1_000, "q", 60_000, patience_ms=5_000)], answer_ms=4_000).run())
    assert outcomes(facts) == [("1/1", "answered", 4_000)]


def test_a_caller_whom_a_limit_sends_on_leaves_with_its_reason() -> None:
    plan = Plan({"q": QueuePlan("q", {}, capacity=1, longest_wait_ms=30_000)}, {"ann": {}})
    facts = list(Simulation(plan, [Caller(at, "q", 600_000) for at in (0, 1, 2)]).run())
    assert outcomes(facts) == [("1/1", "answered", 0), ("3/1", "full", 0), ("2/1", "timeout", 30_000)]


def test_needs_widen_at_their_time_though_nothing_else_happens() -> None:
    queue = QueuePlan("q", {"english": 5}, steps=(Step(10_000, {"english": 1}),))
    plan = Plan({"q": queue}, {"ann": {"english": 2}, "bob": {"english": 5}})
    people = [*all_at_work(plan), (0, NotReady("bob", "lunch"))]
    facts = list(Simulation(plan, [Caller(1_000, "q", 60_000)], people).run())
    assert served(facts) == [("ann", 10_000)]


def test_nobody_is_served_while_people_are_at_lunch() -> None:
    people = [*all_at_work(ONE), (500, NotReady("ann", "lunch")), (90_000, Ready("ann"))]
    facts = list(Simulation(ONE, [Caller(1_000, "q", 60_000)], people).run())
    assert outcomes(facts) == [("1/1", "answered", 89_000)]


def test_a_ring_that_is_taken_back_goes_to_another_seat() -> None:
    plan = Plan({"q": QueuePlan("q", {})}, {"ann": {}, "bob": {}})
    people = [*all_at_work(plan), (3_000, NotReady("ann", "lunch"))]
    facts = list(Simulation(plan, [Caller(1_000, "q", 60_000)], people, answer_ms=4_000).run())
    assert served(facts) == [("bob", 6_000)]


def test_of_a_ring_group_one_seat_talks_and_the_others_are_free_again() -> None:
    plan = Plan({"q": QueuePlan("q", {}, ring_all=3)}, {seat: {} for seat in ("ann", "bob", "cai")})
    simulation = Simulation(plan, [Caller(1_000, "q", 60_000)], answer_ms=4_000)
    facts = list(simulation.run(until=10_000))
    assert outcomes(facts) == [("1/1", "answered", 4_000)]
    states = sorted(seat.state for seat in simulation.distributor.seats.values())
    assert states == ["ready", "ready", "talking"]


def test_who_still_waits_at_the_end_is_told_as_waiting() -> None:
    callers = [Caller(1_000, "q", 60_000), Caller(2_000, "q", 60_000)]
    simulation = Simulation(ONE, callers)
    assert outcomes(list(simulation.run(until=30_000))) == [
        ("1/1", "answered", 0),
        ("2/1", "waiting", 28_000),
    ]
    assert simulation.now == 30_000
