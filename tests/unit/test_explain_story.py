"""A call's story, told out of the ledger: what it needed when, who was considered, and what became of it."""

from __future__ import annotations

import io
from contextlib import closing
from dataclasses import asdict, replace
from datetime import UTC
from pathlib import Path

import pytest
from rich.console import Console

from acd.messages import (
    Answered,
    Ended,
    Enter,
    Event,
    Leave,
    Missed,
    NotReady,
    PhoneSeen,
    Ready,
    Reconfigure,
    SignIn,
    SignOut,
)
from acd.plan import Plan, QueuePlan, Step
from hotline.explain.facts import CallStory
from hotline.explain.idle import seat_story
from hotline.explain.page import show_call, show_seat
from hotline.explain.story import story
from hotline.explain.words import Words
from ledger.events import EngineStarted, Intervened, OfferEnded, PlanAdopted, VisitBegan, VisitEnded, WaitTold
from ledger.floor import FloorReader
from tests.unit.recorded_world import BEGAN, SITE, Recorder

PLAN = Plan(
    {
        "billing": QueuePlan(
            "billing",
            {"billing": 2},
            steps=(Step(10_000, {"billing": 1}),),
            capacity=5,
            longest_wait_ms=60_000,
        ),
        "vip": QueuePlan("vip", {"billing": 2}, priority=3),
        "anybody": QueuePlan("anybody", {}, seat_order="best-skilled", prefer=("sales",), ring_all=2),
    },
    {"ann": {"billing": 3}, "bob": {"billing": 1}, "cai": {"sales": 5}},
)
SECOND = 1_000


class Day:
    """A day on a small floor. Seconds are counted from its beginning."""

    def __init__(self, folder: Path, plan: Plan = PLAN) -> None:
        self.record = Recorder(plan)
        self._folder = folder
        for seat in plan.seats:
            self.at(0, PhoneSeen(f"p-{seat}", reachable=True), SignIn(seat, f"p-{seat}"))

    def at(self, second: float, *events: Event) -> None:
        """Let things happen."""
        for event in events:
            self.record.happen(BEGAN + round(second * SECOND), event)

    def enter(self, second: float, visit: str, queue: str = "billing", **more: int | str) -> None:
        """Let a caller come."""
        now = BEGAN + round(second * SECOND)
        self.record.happen(now, Enter(visit, queue, now, **more))  # type: ignore[arg-type]

    def call(self, call: str, until: float = 3_600) -> CallStory:
        """The story of a call."""
        with closing(FloorReader(self.record.store(self._folder))) as reader:
            (known,) = reader.calls(call)
            return story(reader, known, BEGAN + round(until * SECOND))

    def page(self, call: str, until: float = 3_600) -> list[str]:
        """The page of a call: its rows, each with its time, in the order in which they are told."""
        console = Console(file=io.StringIO(), width=400)
        show_call(self.call(call, until), Words(UTC), "138****1234", console)
        return printed(console)

    def seat(self, seat: str, second: float) -> list[str]:
        """The page of a seat."""
        console = Console(file=io.StringIO(), width=400)
        with closing(FloorReader(self.record.store(self._folder))) as reader:
            show_seat(
                seat_story(reader, SITE, SITE, seat, BEGAN + round(second * SECOND)), Words(UTC), console
            )
        return printed(console)


def printed(console: Console) -> list[str]:
    assert isinstance(console.file, io.StringIO)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines() if line.strip()]


@pytest.fixture
def day(tmp_path: Path) -> Day:
    return Day(tmp_path)


def test_a_call_tells_why_it_waited_whom_it_was_offered_to_and_what_came_of_it(day: Day) -> None:
    day.at(0.5, NotReady("cai", "lunch"))
    day.enter(1, "a/1")
    day.at(3, Answered("a/1/1"))
    day.enter(4, "b/1")
    day.enter(5, "v/1", "vip")
    day.at(17, Missed("b/1/1", "refused"))
    refused = day.record.events.pop(-2)
    assert isinstance(refused, OfferEnded)
    day.record.events.insert(-1, replace(refused, cause=21, tech_cause="603 Decline"))
    day.at(20, Ended("a/1/1"), Ready("ann"))
    day.at(22, Answered("v/1/1"))
    day.at(30, Ended("v/1/1"), Ready("ann"))
    day.at(33, Answered("b/1/2"))
    assert day.page("b") == [
        "b",
        "2027-01-15 08:00:04 from 138****1234 to 1, en, still live",
        "visit b/1 in billing: answered, 0:29",
        "08:00:04 entered; needs billing 2",
        "limits: 0 of at most 5 waited there; may wait 1:00",
        "no seat: 2 without billing 2: bob (has billing 1), cai",
        "1 talking: ann",
        "08:00:14 after 0:10 asks for billing 1; this brings bob",
        "08:00:14 offered to bob after 0:10",
        "free for him, the longest idle first: bob (idle 0:14)",
        "not: 1 talking: ann",
        "not: 1 without billing 1: cai",
        "08:00:17 bob refused after 0:03 (SIP 603 Decline, cause 21); bob is not-ready: refused, "
        "spared him until 08:00:47",
        "08:00:17 back in his old place",
        "no seat: 1 talking: ann",
        "1 not-ready: refused: bob",
        "1 without billing 1: cai",
        "1 due before him at seats that he may have:",
        "v/1 (vip): priority 3 against 0",
        "08:00:30 offered to ann after 0:26",
        "ann fell free; of 1 whom ann may have he was first",
        "not: 1 not-ready: refused: bob",
        "not: 1 without billing 1: cai",
        "08:00:33 ann answered after 0:03",
        "08:00:33 answered by ann after 0:29",
    ]


def test_of_several_that_are_free_the_figures_of_the_rule_are_told(day: Day) -> None:
    day.enter(1, "a/1", "anybody")
    day.at(2, Missed("a/1/1", "no-answer", "cai"), Answered("a/1/1", "ann"))
    page = day.page("a")
    assert "08:00:01 offered to cai, ann after 0:00" in page
    assert (
        "free for him, who has most of sales, then the best skilled first: cai (1 preferred, "
        "0 levels in what is needed, idle 0:01), ann (0 preferred, 0 levels in what is needed, idle 0:01), "
        "bob (0 preferred, 0 levels in what is needed, idle 0:01)"
    ) in page
    assert (
        "08:00:02 cai did not answer after 0:01; cai is not-ready: missed, spared him until 08:00:32" in page
    )


def test_who_is_due_before_him_and_who_after_him_is_told_with_the_reason(day: Day) -> None:
    day.at(0.5, NotReady("ann", "lunch"))
    day.enter(1, "a/1")
    day.enter(2, "b/1", priority=1)
    day.enter(4, "c/1")
    assert day.page("a", until=5)[-2:] == [
        "1 due before him at seats that he may have:",
        "b/1 (billing): priority 1 against 0",
    ]
    day.at(6, Ready("ann"))
    assert "before c/1 (billing): priority 1 against 0" in day.page("b")


def test_his_owner_is_waited_for_and_then_no_longer(day: Day) -> None:
    day.at(0.5, NotReady("ann", "lunch"))
    day.enter(1, "a/1", "anybody", owner="ann")
    page = day.page("a")
    assert "ann is his owner" in page
    assert "no seat: 2 not ann, his owner, who is waited for first: bob, cai" in page
    assert "08:00:31 ann is waited for no longer; now the others" in page


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        (
            replace(PLAN, queues={"billing": replace(PLAN.queues["billing"], closed=True)}),
            "overflowed after 0:00: the queue was closed",
        ),
        (
            replace(PLAN, queues={"billing": QueuePlan("billing", {"french": 1})}),
            "overflowed after 0:00: nobody on duty could ever have served him",
        ),
        (
            replace(PLAN, queues={"billing": QueuePlan("billing", {"billing": 2}, longest_wait_ms=5_000)}),
            "08:00:06 overflowed after 0:05: he had waited as long as the queue lets him",
        ),
        (
            replace(PLAN, queues={"billing": QueuePlan("billing", {"billing": 2}, capacity=0)}),
            "overflowed after 0:00: so many waited already, and the queue takes no more",
        ),
    ],
)
def test_the_limit_that_ended_the_wait_is_told(plan: Plan, told: str, tmp_path: Path) -> None:
    day = Day(tmp_path, plan)
    day.at(0.5, NotReady("ann", "lunch"))
    day.enter(1, "a/1")
    day.at(7, Leave("nobody/1"))
    assert any(told in row for row in day.page("a"))


def test_what_persons_engines_and_rules_did_meanwhile_is_told_and_the_place_that_he_heard(day: Day) -> None:
    day.at(0.5, NotReady("ann", "lunch"))
    day.enter(1, "a/1")
    eased = replace(PLAN, queues={**PLAN.queues, "billing": QueuePlan("billing", {"billing": 3})})
    act = Intervened(
        at=BEGAN + 3_000, by="li", action="close-queue", subject="billing", detail={"why": "fire"}
    )
    told = WaitTold(at=BEGAN + 4_000, call="a", visit="a/1", position=1, low_ms=60_000, high_ms=120_000)
    day.record.events += [act, told]
    day.at(5, Reconfigure(eased))
    day.record.events.append(EngineStarted(at=BEGAN + 6_000, version="1"))
    page = day.page("a", until=8)
    assert page[page.index("08:00:03 li: close-queue billing (why fire)") :][:6] == [
        "08:00:03 li: close-queue billing (why fire)",
        "08:00:04 was told: place 1 and 1:00 to 2:00 yet",
        "08:00:05 the rules changed; needs billing 3",
        "08:00:06 a new engine; it waits until all callers are back, three seconds at most",
        "08:00:08 waits, 0:07 by now",
        "no seat: 2 without billing 3: bob (has billing 1), cai",
    ]


def test_a_call_that_a_person_moved_tells_of_both_stays_and_who_moved_it(day: Day) -> None:
    day.at(0.5, NotReady("ann", "lunch"))
    day.enter(1, "a/1")
    now, whose = BEGAN + 4_000, {"call": "a", "skills": {}, "priority": 0}
    day.record.events += [
        VisitEnded(at=now, call="a", visit="a/1", outcome="overflowed", wait_ms=3_000, reason="moved"),
        VisitBegan(at=now, visit="a/2", queue="vip", credit_ms=3_000, **whose),  # type: ignore[arg-type]
        Intervened(at=now + 2, by="li", action="move-call", subject="a", detail={"queue": "vip"}),
    ]
    page = day.page("a", until=5)
    assert page[page.index("08:00:04 li: move-call a (queue vip)") :][:2] == [
        "08:00:04 li: move-call a (queue vip)",
        "08:00:04 overflowed after 0:03: a person moved him to another queue",
    ]
    assert "visit a/2 in vip: waits" in page
    assert "0:03 counted as waited before" in page


def test_without_a_plan_of_that_time_what_was_recorded_is_told_alone(day: Day) -> None:
    day.enter(1, "a/1")
    day.at(3, Answered("a/1/1"))
    day.record.events = [one for one in day.record.events if not isinstance(one, PlanAdopted)]
    assert day.page("a")[2:] == [
        "visit a/1 in billing: answered, 0:02",
        "08:00:01 offered to ann after 0:00",
        "08:00:03 ann answered after 0:02",
        "08:00:03 answered by ann after 0:02",
        "The ledger has no plan of the distributor from then, so it tells only what was recorded.",
    ]


def test_what_the_ledger_does_not_bear_out_is_said_so(day: Day) -> None:
    day.enter(1, "a/1", "vip")
    day.record.events = [
        replace(one, skills={"sales": 1}) if isinstance(one, VisitBegan) else one for one in day.record.events
    ]
    assert "this cannot be made again out of the ledger: something of that moment is not in it" in day.page(
        "a"
    )


def test_an_idle_seat_tells_its_state_and_what_keeps_each_caller_away(day: Day) -> None:
    day.at(0.5, NotReady("ann", "lunch"))
    day.record.events.append(Intervened(at=BEGAN + 500, by="li", action="not-ready", subject="ann"))
    day.enter(1, "a/1")
    day.enter(2, "v/1", "vip")
    assert day.seat("bob", 5) == [
        "bob at 2027-01-15 08:00:05",
        "ready, for 0:05 at phone p-bob, since 2027-01-15 08:00:00, when somebody signed in",
        "2 callers wait",
        "v/1 vip 0:03 without billing 2 (has billing 1)",
        "a/1 billing 0:04 without billing 2 (has billing 1)",
    ]
    assert day.seat("ann", 5)[1:3] == [
        "not-ready: lunch, for 0:04 at phone p-ann, since 2027-01-15 08:00:00, when it was asked for",
        "li had asked: not-ready 08:00:00",
    ]


def test_a_seat_that_is_signed_out_says_since_when_and_whether_an_engine_ran(day: Day) -> None:
    day.at(9, SignOut("cai"))
    assert day.seat("cai", 10)[1:] == ["signed out since 2027-01-15 08:00:09", "nobody waits"]
    assert day.seat("cai", -10)[1:3] == ["No engine ran then, so nobody was offered anything.", "signed out"]


def test_a_story_is_plain_data_for_programs(day: Day) -> None:
    day.enter(1, "a/1")
    told = asdict(day.call("a", until=2))
    assert [fact["what"] for fact in told["visits"][0]["facts"]] == ["entered", "offered"]
    assert told["visits"][0]["facts"][1]["decision"]["choice"]["possible"][0]["seat"] == "ann"
