"""Needs widen with the time waited: each step at its moment, whatever rings meanwhile."""

from __future__ import annotations

import pytest

from acd.messages import Enter, Missed, NotReady, Tick
from acd.plan import Plan, PlanError, QueuePlan, Step
from acd.policy import Alternatives, needs
from acd.widening import stage_at, stages
from tests.unit.small_floor import SmallFloor, closed, offers

QUEUES = {
    "five": QueuePlan(
        "five", {"english": 5}, steps=(Step(10_000, {"english": 3}), Step(20_000, {"english": 1}))
    ),
    "more": QueuePlan("more", {"billing": 1}, steps=(Step(5_000, {"english": 2}, drop=("billing",)),)),
    "east": QueuePlan("east", {"billing": 1}, groups=("e",), steps=(Step(8_000, groups=("w",)),)),
    "gold": QueuePlan("gold", {"gold": 3}, steps=(Step(4_000, {"gold": 2}), Step(7_000, partner="more"))),
}
PLAN = Plan(
    QUEUES,
    {
        "one": {"english": 1},
        "three": {"english": 3},
        "five": {"english": 5},
        "ed": {"billing": 2},
        "wes": {"billing": 4, "english": 1},
        "gil": {"gold": 2},
    },
    groups={"e": ("ed",), "w": ("wes",)},
    refused_pause_ms=5_000,
)


def ways(queue: str, waited_ms: int, call: dict[str, int] | None = None) -> Alternatives:
    return stage_at(stages(QUEUES[queue], QUEUES, call or {}), waited_ms)[0].ways


def test_a_step_lowers_a_level_from_its_moment_on() -> None:
    assert ways("five", 9_999) == (needs({"english": 5}),)
    assert ways("five", 10_000) == (needs({"english": 3}),)


def test_a_step_drops_and_adds_skills() -> None:
    assert ways("more", 5_000) == (needs({"english": 2}),)


def test_a_step_opens_a_queue_to_another_group() -> None:
    floor = SmallFloor(PLAN, "wes")
    assert offers(floor.handle(100, Enter("c/1", "east", 100))) == []
    assert floor.distributor.due() == 8_100
    assert offers(floor.handle(8_100, Enter("d/1", "five", 8_100))) == [("c/1", "wes")]


def test_a_partners_seats_may_serve_with_what_is_left_of_the_calls_own_needs() -> None:
    assert ways("gold", 7_000, {"french": 2}) == (
        needs({"billing": 1, "french": 2}),
        needs({"gold": 2, "french": 2}),
    )


def test_what_is_reached_later_is_known_from_the_start() -> None:
    ladder = stages(QUEUES["five"], QUEUES, {})
    assert ladder[0].reach == tuple(needs({"english": level}) for level in (1, 3, 5))
    assert ladder[-1].reach == ladder[-1].ways


def test_the_right_seat_rings_at_the_right_second() -> None:
    floor = SmallFloor(PLAN, "one", "three")
    assert floor.handle(100, Enter("c/1", "five", 100)) == [], "somebody will do later"
    assert offers(floor.handle(10_100, Enter("d/1", "five", 10_100))) == [("c/1", "three")]
    assert offers(floor.handle(30_100, Enter("e/1", "five", 30_100))) == [("d/1", "one")]


def test_a_step_does_not_disturb_what_rings_and_counts_when_that_comes_to_nothing() -> None:
    floor = SmallFloor(PLAN, "one", "five")
    assert offers(floor.handle(100, Enter("c/1", "five", 100))) == [("c/1", "five")]
    assert floor.handle(20_100, Tick()) == []
    assert offers(floor.handle(20_200, Missed("c/1/1", "refused"))) == [("c/1", "one")]


def test_a_step_is_carried_out_while_a_matching_seat_rings_somebody_else() -> None:
    floor = SmallFloor(PLAN, "five", "three")
    assert offers(floor.handle(100, Enter("c/1", "five", 100))) == [("c/1", "five")]
    assert offers(floor.handle(200, Enter("d/1", "five", 200))) == []
    assert offers(floor.handle(10_200, Enter("e/1", "five", 10_200))) == [("d/1", "three")]


def test_steps_count_from_the_arrival_even_in_an_earlier_queue() -> None:
    floor = SmallFloor(PLAN, "three")
    assert offers(floor.handle(50_000, Enter("c/1", "five", 39_000))) == [("c/1", "three")]


def test_who_is_out_of_everybodys_reach_after_a_step_is_sent_on() -> None:
    floor = SmallFloor(PLAN, "ed")
    floor.handle(50, NotReady("ed", "lunch"))
    floor.handle(100, Enter("c/1", "more", 100))
    assert closed(floor.handle(5_100, Enter("d/1", "east", 5_100))) == [("c/1", "no_agents")]


@pytest.mark.parametrize(
    ("queue", "says"),
    [
        (QueuePlan("q", {}, steps=(Step(2), Step(1))), "queue q: its steps are out of order"),
        (
            QueuePlan("q", {}, steps=(Step(1, partner="nobody"),)),
            "queue q: its partner nobody is not a queue",
        ),
        (QueuePlan("q", {}, groups=("east",)), "queue q: there is no group east"),
        (QueuePlan("q", {}, ring_all=6), "queue q: ring_all is 6; let 1 to 5 seats"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(queue: QueuePlan, says: str) -> None:
    with pytest.raises(PlanError, match=says):
        Plan({"q": queue}, {})
