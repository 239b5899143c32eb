"""A call's way through a flow, with a rehearsed caller and a door that does as it is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from ivr.call import CallLost, Rang, Ring, Sound
from ivr.door import CallbackAnswer, CallbackWish, Leave, Wish
from ivr.facts import Fact
from ivr.house import Caller
from ivr.language.flow import AnyNode, Flow, FlowSet
from ivr.language.prompt import Spoken
from ivr.reading.loader import load_flows
from ivr.reading.names import SiteNames
from ivr.rehearsal.call import HangUp, Press, RehearsedCall, Silence, UnspokenPrompts
from ivr.rehearsal.house import RehearsedHouse, Stubs
from ivr.run import FlowRun, Position

SAMPLE = Path(__file__).parents[2] / "flows"
PROMPTS = ("hello", "choose", "wrong", "nothing", "sorry", "bye", "apology")
NODES: TypeAdapter[Any] = TypeAdapter(dict[str, AnyNode])


def flows_of(nodes: dict[str, Any], error: str | None = None) -> FlowSet:
    flow = Flow(
        flow="demo",
        languages=("en", "zh"),
        start=next(iter(nodes)),
        error=error,
        prompts={},
        nodes=NODES.validate_python(nodes),
    )
    spoken = {
        ("demo", name, language): (Spoken(name, language, f"{name}.{language}"),)
        for name in PROMPTS
        for language in flow.languages
    }
    return FlowSet("1", {"demo": flow}, spoken)


class Stay:
    def __init__(self, orders: asyncio.Queue[Ring | Leave]) -> None:
        self._orders = orders
        self.news: list[Rang | str] = []

    async def next(self) -> Ring | Leave:
        return await self._orders.get()

    def rang(self, rang: Rang) -> None:
        self.news.append(rang)

    def left(self) -> None:
        self.news.append("left")

    def leave(self, reason: str) -> None:
        self.news.append(f"leave {reason}")


class Door:
    """Gives the orders that it was made with, then those that a test puts."""

    def __init__(self, *orders: Ring | Leave) -> None:
        self.orders: asyncio.Queue[Ring | Leave] = asyncio.Queue()
        for order in orders:
            self.orders.put_nowait(order)
        self.wishes: list[Wish] = []
        self.stays: list[Stay] = []
        self.entered = asyncio.Event()

    def enter(self, wish: Wish) -> Stay:
        self.wishes.append(wish)
        self.entered.set()
        self.stays.append(Stay(self.orders))
        return self.stays[-1]

    def call_back(self, wish: CallbackWish) -> CallbackAnswer:
        raise NotImplementedError


class Way:
    """Keeps the way that a call took, as ``node>exit``."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.positions: list[Position] = []
        self.facts: list[Fact] = []

    def entered(
        self, flow: str, node: str, language: str, stack: tuple[str, ...], variables: Mapping[str, Any]
    ) -> None:
        self.taken.append(node)
        self.positions.append(Position(flow, node, language, stack, variables))

    def left(self, name: str) -> None:
        self.taken[-1] += f">{name}"

    def noted(self, fact: Fact) -> None:
        self.facts.append(fact)


class NoSound:
    """Has no sound for one prompt, as after a disk failure."""

    def __init__(self, *missing: str) -> None:
        self._missing = missing

    def sound(self, spoken: Spoken) -> Sound:
        if spoken.prompt in self._missing:
            raise KeyError(spoken.prompt)
        return UnspokenPrompts().sound(spoken)


def ring(name: str = "o1") -> Ring:
    return Ring(name, "wang", f"phone-of-{name}", 15.0)


MENU = {"menu": "choose", "keys": {"1": "one", "*": "main"}, "failure": "end", "wait": "5s"}
END = {"hangup": "bye"}
ONE = {"play": "hello", "next": "end"}


def run_of(flows: FlowSet, flow: str, call: RehearsedCall, door: Door, way: Way, **options: Any) -> FlowRun:
    """Join a call to a flow, in a rehearsed house with a door of the test's own."""
    house = replace(RehearsedHouse(Stubs(), call).house, door=door)
    prompts = options.pop("prompts", UnspokenPrompts())
    return FlowRun(flows, flow, call, house, prompts, way, Caller("", "10000"), **options)


async def run(
    nodes: dict[str, Any], call: RehearsedCall, door: Door | None = None, **options: Any
) -> tuple[str, list[str]]:
    """Run to the end; return how it ended and the way taken."""
    way = Way()
    error = options.pop("error", None)
    flow = run_of(flows_of(nodes, error), "demo", call, door or Door(), way, **options)
    return await flow.run(), way.taken


async def test_a_call_is_answered_hears_its_prompts_in_order_and_is_let_go() -> None:
    call = RehearsedCall()
    ended, way = await run({"main": {"play": ["hello", "choose"], "next": "end"}, "end": END}, call)
    assert (ended, way) == ("flow-ended", ["main>next", "end>end"])
    assert [moment.kind for moment in call.moments] == ["answer", "heard", "heard", "heard", "hang up"]
    assert call.heard == ["hello.en", "choose.en", "bye.en"]


async def test_a_hangup_without_a_prompt_says_nothing() -> None:
    call = RehearsedCall()
    await run({"main": {"hangup": None}}, call)
    assert call.heard == []
    assert call.ended


async def test_a_key_takes_its_exit_and_cuts_the_prompt_off() -> None:
    call = RehearsedCall(["1"])
    _, way = await run({"main": MENU, "one": ONE, "end": END}, call)
    assert way == ["main>1", "one>next", "end>end"]
    assert next(moment.at for moment in call.moments if moment.kind == "key") == 0.0


async def test_without_barge_in_the_prompt_is_heard_out() -> None:
    call = RehearsedCall(["1"])
    await run({"main": {**MENU, "barge_in": False}, "one": ONE, "end": END}, call)
    assert next(moment.at for moment in call.moments if moment.kind == "key") > 0.0


async def test_a_key_after_the_prompt_counts_as_well() -> None:
    call = RehearsedCall([Press("1", after_prompt=True)])
    _, way = await run({"main": MENU, "one": ONE, "end": END}, call)
    assert way[0] == "main>1"


async def test_star_may_lead_back_to_its_own_menu() -> None:
    call = RehearsedCall(["*", "*", "1"])
    _, way = await run({"main": MENU, "one": ONE, "end": END}, call)
    assert way[:3] == ["main>*", "main>*", "main>1"]


async def test_a_wrong_key_and_silence_are_each_told_and_the_menu_offered_again() -> None:
    call = RehearsedCall(["7", Silence(), Press("1", after_prompt=True)])
    menu = {**MENU, "invalid_prompt": "wrong", "timeout_prompt": "nothing"}
    _, way = await run({"main": menu, "one": ONE, "end": END}, call)
    assert call.heard[:5] == ["choose.en", "wrong.en", "choose.en", "nothing.en", "choose.en"]
    assert way[0] == "main>1"


async def test_when_all_tries_are_used_up_the_call_goes_on_at_failure() -> None:
    call = RehearsedCall()
    _, way = await run(
        {"main": {**MENU, "tries": 2, "timeout_prompt": "nothing"}, "one": ONE, "end": END}, call
    )
    assert way == ["main>failure", "end>end"]
    assert call.heard == ["choose.en", "nothing.en", "choose.en", "bye.en"]


@pytest.mark.parametrize(("last", "exit_"), [(Press("7"), "invalid"), (Silence(), "timeout")])
async def test_the_last_try_decides_between_the_exits_invalid_and_timeout(
    last: Press | Silence, exit_: str
) -> None:
    call = RehearsedCall([Press("7"), Silence(), last])
    menu = {"menu": "choose", "keys": {"1": "one"}, "invalid": "one", "timeout": "one"}
    _, way = await run({"main": menu, "one": ONE, "end": END}, call)
    assert way[0] == f"main>{exit_}"


async def test_a_missing_key_takes_the_time_that_the_menu_gives() -> None:
    call = RehearsedCall([Silence(), "1"])
    await run({"main": {**MENU, "wait": "7s", "barge_in": False}, "one": ONE, "end": END}, call)
    heard = [moment.at for moment in call.moments if moment.what == "choose.en"]
    assert heard[1] - heard[0] == pytest.approx(7.0 + len("choose.en") * 0.065)


async def test_a_key_pressed_into_an_announcement_counts_for_the_menu_behind_it() -> None:
    call = RehearsedCall(["1"])
    nodes = {
        "first": {"play": "hello", "barge_in": True, "next": "second"},
        "second": {"play": "sorry", "barge_in": True, "next": "main"},
        "main": MENU,
        "one": ONE,
        "end": END,
    }
    _, way = await run(nodes, call)
    assert way[2] == "main>1"
    assert call.heard == ["hello.en", "hello.en", "bye.en"]


async def test_a_key_pressed_before_a_conversation_counts_for_no_menu_behind_it() -> None:
    call = RehearsedCall(["1"])
    nodes = {
        "first": {"play": "hello", "barge_in": True, "next": "wait"},
        "wait": {"queue": "faults", "answered": "main", "otherwise": "end"},
        "main": MENU,
        "one": ONE,
        "end": END,
    }
    _, way = await run(nodes, call, Door(ring()))
    assert way[2] == "main>failure"


async def test_an_announcement_without_barge_in_hears_no_key() -> None:
    call = RehearsedCall(["1"])
    await run({"first": {"play": "hello", "next": "main"}, "main": MENU, "one": ONE, "end": END}, call)
    assert call.heard[:2] == ["hello.en", "choose.en"]


async def test_the_language_changes_what_is_said_and_what_the_door_is_told() -> None:
    call, door = RehearsedCall(), Door(Leave("full"))
    nodes = {
        "main": {"language": "zh", "next": "wait"},
        "wait": {"queue": "faults", "skills": {"broadband": 3}, "priority": 2, "otherwise": "end"},
        "end": END,
    }
    await run(nodes, call, door)
    assert door.wishes == [Wish("rehearsal", "faults", {"broadband": 3}, 2, "zh")]
    assert call.heard == ["bye.zh"]


async def test_a_call_begins_in_the_language_given_if_the_flow_speaks_it() -> None:
    for given, spoken in (("zh", "zh"), ("fr", "en"), (None, "en")):
        call = RehearsedCall()
        await run({"main": END}, call, language=given)
        assert call.heard == [f"bye.{spoken}"]


WAIT = {
    "wait": {"queue": "faults", "answered": "thanks", "no_agents": "closed", "otherwise": "busy"},
    "thanks": {"hangup": "hello"},
    "closed": {"hangup": "nothing"},
    "busy": {"hangup": "sorry"},
}


@pytest.mark.parametrize(
    ("exit_", "node"),
    [("full", "busy"), ("timeout", "busy"), ("no_agents", "closed"), ("answered", "thanks")],
)
async def test_the_door_sends_a_call_on_by_the_exit_it_names(exit_: Any, node: str) -> None:
    call, door = RehearsedCall(), Door(Leave(exit_))
    _, way = await run(WAIT, call, door)
    assert way == [f"wait>{exit_}", f"{node}>end"]
    assert [moment.kind for moment in call.moments[1:3]] == ["music on", "music off"]
    assert door.stays[0].news == []


async def test_a_ring_not_answered_leaves_the_caller_in_the_queue_with_music() -> None:
    call, door = RehearsedCall(rings=["no-answer", "busy"]), Door(ring("o1"), ring("o2"), ring("o3"))
    _, way = await run(WAIT, call, door)
    assert way == ["wait>answered", "thanks>end"]
    assert [moment.kind for moment in call.moments[1:7]] == [
        *("music on", "ring"),
        *("music on", "ring"),
        *("music on", "ring"),
    ]
    assert door.stays[0].news == [Rang("o1", "no-answer"), Rang("o2", "busy"), Rang("o3", "answered")]


async def test_a_conversation_without_an_exit_ends_the_call() -> None:
    call, door = RehearsedCall(), Door(ring())
    ended, way = await run({"wait": {"queue": "faults", "otherwise": "end"}, "end": END}, call, door)
    assert (ended, way) == ("flow-ended", ["wait>answered"])
    assert call.moments[-1].kind == "hang up"


async def test_a_caller_who_hangs_up_while_waiting_is_told_to_the_door() -> None:
    call, door = RehearsedCall([HangUp()]), Door()
    with pytest.raises(CallLost):
        await run(WAIT, call, door)
    assert door.stays[0].news == ["left"]
    assert len(asyncio.all_tasks()) == 1


async def test_a_hang_up_goes_before_an_order_that_came_at_the_same_moment() -> None:
    call, door = RehearsedCall([HangUp()]), Door(ring())
    with pytest.raises(CallLost):
        await run(WAIT, call, door)
    assert "ring" not in [moment.kind for moment in call.moments]
    assert door.stays[0].news == ["left"]


async def test_a_caller_lost_while_a_phone_rings_is_told_to_the_door() -> None:
    class Ringing(RehearsedCall):
        async def ring(self, ring: Ring) -> Rang:
            raise CallLost

    door = Door(ring())
    with pytest.raises(CallLost):
        await run(WAIT, Ringing(), door)
    assert door.stays[0].news == ["left"]


async def test_a_run_cancelled_while_waiting_tells_the_door_and_leaves_no_task() -> None:
    door = Door()
    task = asyncio.create_task(run(WAIT, RehearsedCall(), door))
    await door.entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert door.stays[0].news == ["left"]
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize("script", [[HangUp()], [Silence(), HangUp()]])
async def test_a_caller_who_hangs_up_in_the_menu_ends_the_run(script: list[Silence | HangUp]) -> None:
    call = RehearsedCall(script)
    with pytest.raises(CallLost):
        await run({"main": MENU, "one": ONE, "end": END}, call)
    assert call.moments[-1].kind == "lost"


async def test_a_node_that_fails_is_followed_by_the_flows_way_for_errors() -> None:
    call = RehearsedCall()
    nodes = {"main": ONE, "end": END, "sorry": {"play": "sorry", "next": "end"}}
    ended, way = await run(nodes, call, error="sorry", prompts=NoSound("hello"))
    assert (ended, way) == ("error", ["main>error", "sorry>next", "end>end"])
    assert call.heard == ["sorry.en", "bye.en"]


async def test_without_a_way_for_errors_the_caller_hears_the_apology_and_is_let_go() -> None:
    call = RehearsedCall()
    ended, way = await run({"main": ONE, "end": END}, call, prompts=NoSound("hello"))
    assert (ended, way) == ("error", ["main>error"])
    assert call.heard == ["apology.en"]
    assert call.moments[-1].kind == "hang up"


async def test_a_way_for_errors_that_fails_too_ends_with_the_apology() -> None:
    call = RehearsedCall()
    nodes = {"main": ONE, "end": END, "sorry": {"play": "sorry", "next": "end"}}
    ended, _ = await run(nodes, call, error="sorry", prompts=NoSound("hello", "sorry"))
    assert (ended, call.heard) == ("error", ["apology.en"])


async def test_a_caller_is_let_go_even_if_nothing_can_be_said() -> None:
    call = RehearsedCall()
    ended, _ = await run({"main": ONE, "end": END}, call, prompts=NoSound("hello", "apology"))
    assert (ended, call.moments[-1].kind) == ("error", "hang up")


async def test_a_failure_while_waiting_gives_the_visit_back_to_the_door() -> None:
    class Mute(RehearsedCall):
        async def music(self, on: bool) -> None:
            raise RuntimeError("no such class of music")

    call, door = Mute(), Door()
    ended, way = await run(WAIT, call, door, error="busy")
    assert (ended, way) == ("error", ["wait>error", "busy>end"])
    assert door.stays[0].news == ["left"]


async def test_a_call_cannot_go_round_for_ever_without_its_caller() -> None:
    """Such a flow is refused when it is loaded; this is the net below."""
    call = RehearsedCall()
    ended, way = await run({"main": {"play": "hello", "next": "main"}}, call)
    assert (ended, way[-1], len(way)) == ("error", "main>error", 201)
    assert call.heard[-1] == "apology.en"


async def test_a_call_goes_on_at_the_node_where_it_was() -> None:
    call = RehearsedCall(["1"])
    _, way = await run(
        {"first": ONE, "main": MENU, "one": ONE, "end": END}, call, at=Position("demo", "main", "zh")
    )
    assert way[0] == "main>1"
    assert call.heard[0] == "choose.zh"


async def test_a_waiting_call_that_goes_on_enters_its_queue_again() -> None:
    door = Door(Leave("full"))
    await run(
        {"main": MENU, "one": ONE, "end": END, **WAIT},
        RehearsedCall(),
        door,
        at=Position("demo", "wait", "zh"),
    )
    assert [wish.queue for wish in door.wishes] == ["faults"]


async def test_a_call_whose_conversation_took_place_goes_on_behind_the_queue() -> None:
    call, door = RehearsedCall(), Door()
    at = Position("demo", "wait", "zh", talked=True)
    _, way = await run(WAIT, call, door, at=at)
    assert (way, door.wishes) == (["wait>answered", "thanks>end"], [])
    assert "music on" not in [moment.kind for moment in call.moments]


async def test_a_call_whose_node_is_gone_from_the_files_starts_anew() -> None:
    _, way = await run({"main": ONE, "end": END}, RehearsedCall(), at=Position("demo", "gone", "en"))
    assert way == ["main>next", "end>end"]


async def test_a_served_call_whose_node_is_gone_from_the_files_is_let_go() -> None:
    call = RehearsedCall()
    ended, way = await run({"main": ONE, "end": END}, call, at=Position("other", "gone", "en", talked=True))
    assert (ended, way, call.heard) == ("flow-ended", [], [])


async def test_a_position_is_told_with_all_that_is_needed_to_go_on() -> None:
    way = Way()
    nodes = {"main": {"language": "zh", "next": "end"}, "end": END}
    await run_of(flows_of(nodes), "demo", RehearsedCall(), Door(), way).run()
    assert way.positions == [Position("demo", "main", "en"), Position("demo", "end", "zh")]


SITE_QUEUES = ("billing", "faults", "sales", "complaints", "operator")


@pytest.mark.parametrize(
    ("keys", "queue", "language"),
    [
        ("1", "billing", "zh"),
        ("2", "faults", "zh"),
        ("3", "sales", "zh"),
        ("41", "faults", "zh"),
        ("42", "sales", "zh"),
        ("5", "complaints", "zh"),
        ("0", "operator", "zh"),
        ("91", "billing", "en"),
        ("9*80", "operator", "zh"),
        ("777", "operator", "zh"),
    ],
)
async def test_the_sample_hotline_leads_a_caller_to_the_right_queue(
    keys: str, queue: str, language: str
) -> None:
    flows = load_flows(SAMPLE, SiteNames(queues=SITE_QUEUES))
    call, door = RehearsedCall(keys), Door(ring())
    ended = await run_of(flows, "customer-hotline", call, door, Way()).run()
    assert (ended, door.wishes[0].queue, door.wishes[0].language) == ("flow-ended", queue, language)
    assert call.heard[-1] == (
        "感谢您的来电，再见。" if language == "zh" else "Thank you for calling. Goodbye."
    )


async def test_a_silent_caller_of_the_sample_hotline_reaches_an_operator() -> None:
    flows = load_flows(SAMPLE, SiteNames(queues=SITE_QUEUES))
    door = Door(Leave("no_agents"))
    await run_of(flows, "customer-hotline", RehearsedCall(), door, Way()).run()
    assert door.wishes[0].queue == "operator"


async def test_a_thousand_rehearsed_calls_run_at_once() -> None:
    flows = flows_of({"main": MENU, "one": ONE, "end": END})
    calls = [RehearsedCall(["*"] * 20 + ["1"], name=str(number)) for number in range(1000)]
    runs = [run_of(flows, "demo", call, Door(), Way()).run() for call in calls]
    begun = time.process_time()
    assert set(await asyncio.gather(*runs)) == {"flow-ended"}
    assert (time.process_time() - begun) / (1000 * 23) < 0.0005  # five times the aim: a test is no benchmark
