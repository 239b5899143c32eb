"""A caller who waits: keys, patience and rings that cross one another."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from ivr.call import CallLost, Rang, Ring
from ivr.door import Leave, Place, Wish
from ivr.here import Here
from ivr.house import Caller
from ivr.rehearsal.call import RehearsedCall, UnspokenPrompts
from ivr.rehearsal.house import RehearsedHouse, Stubs
from ivr.verbs.waiting import PATIENCE, wait_for_person
from tests.unit.rehearsing import END, Way, flow_of, set_of

WISH = Wish("c", "q", {}, 0, "en")
ORDER = Ring("c/1/1", "ann", "6001", 15)


class Stay:
    """Gives the orders that a test puts, and keeps what it is told."""

    def __init__(self) -> None:
        self.orders: asyncio.Queue[Ring | Leave] = asyncio.Queue()
        self.news: list[str] = []
        self.places: list[Place] = []

    async def next(self) -> Ring | Leave:
        return await self.orders.get()

    def place(self) -> Place | None:
        return self.places.pop(0) if self.places else None

    def told(self, place: Place) -> None:
        self.news.append(f"told {place.position}")

    def rang(self, rang: Rang) -> None:
        self.news.append(rang.outcome)

    def left(self) -> None:
        self.news.append("left")

    def leave(self, reason: str) -> None:
        self.news.append(f"leave {reason}")


class Telephone(RehearsedCall):
    """A call whose keys, time and rings are the test's."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: asyncio.Queue[str] = asyncio.Queue()
        self.outcomes: asyncio.Queue[str] = asyncio.Queue()
        self.rings = 0
        self.time_is_up = asyncio.Event()

    async def pressed(self, keys: str) -> str:
        return await self.keys.get()

    async def rest(self, seconds: float) -> None:
        await self.time_is_up.wait()

    async def gone(self) -> None:
        await self._lost.wait()

    async def ring(self, ring: Ring) -> Rang:
        self.rings += 1
        outcome: Any = await self.outcomes.get()
        return Rang(ring.offer, outcome)


class Scene:
    """One caller who waits for ``q``."""

    def __init__(self, **options: Any) -> None:
        self.call, self.stay, self.way = Telephone(), Stay(), Way()
        house = RehearsedHouse(Stubs(), self.call).house
        self.here = Here(
            live=set_of(flow_of({"main": END})),
            call=self.call,
            caller=Caller("", ""),
            house=replace(house, door=self),  # type: ignore[arg-type]  # a door that lets in alone
            prompts=UnspokenPrompts(),
            notes=self.way,
            flow="demo",
            node="main",
            language="en",
        )
        self.waiting = asyncio.ensure_future(wait_for_person(self.here, WISH, **options))

    def enter(self, wish: Wish) -> Stay:
        assert wish is WISH
        return self.stay

    async def turn(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)


async def test_a_call_that_is_answered_is_answered() -> None:
    scene = Scene()
    scene.stay.orders.put_nowait(ORDER)
    scene.call.outcomes.put_nowait("answered")
    assert await scene.waiting == "answered"
    assert scene.stay.news == ["answered"]


async def test_a_missed_ring_is_followed_by_music_and_the_next_order() -> None:
    scene = Scene()
    for outcome in ("no-answer", "answered"):
        scene.stay.orders.put_nowait(ORDER)
        scene.call.outcomes.put_nowait(outcome)
    assert await scene.waiting == "answered"
    assert [m.kind for m in scene.call.moments] == ["music on", "music on"]


async def test_the_queue_s_own_exit_is_taken_after_the_music_has_stopped() -> None:
    scene = Scene(keys="1", seconds=5)
    scene.stay.orders.put_nowait(Leave("full"))
    assert await scene.waiting == "full"
    assert scene.stay.news == []
    assert [m.kind for m in scene.call.moments] == ["music on", "music off"]


async def test_a_key_leaves_and_keeps_the_place() -> None:
    scene = Scene(keys="12")
    await scene.turn()
    scene.call.keys.put_nowait("2")
    assert await scene.waiting == "2"
    assert scene.stay.news == ["left"]
    assert scene.here.pressed


async def test_a_key_while_a_phone_rings_silences_it_and_leaves() -> None:
    scene = Scene(keys="1")
    scene.stay.orders.put_nowait(ORDER)
    await scene.turn()
    scene.call.keys.put_nowait("1")
    await scene.turn()
    assert scene.stay.news == ["left"]
    scene.call.outcomes.put_nowait("cancelled")
    assert await scene.waiting == "1"
    assert scene.stay.news == ["left", "cancelled"]


async def test_an_answer_in_the_moment_of_the_key_is_an_answer() -> None:
    scene = Scene(keys="1")
    scene.stay.orders.put_nowait(ORDER)
    await scene.turn()
    scene.call.keys.put_nowait("1")
    await scene.turn()
    scene.call.outcomes.put_nowait("answered")
    assert await scene.waiting == "answered"
    assert scene.stay.news == ["left", "answered"]


async def test_patience_that_is_over_ends_the_visit_for_good() -> None:
    scene = Scene(seconds=20)
    await scene.turn()
    scene.call.time_is_up.set()
    assert await scene.waiting == PATIENCE
    assert scene.stay.news == ["left", f"leave {PATIENCE}"]


async def test_a_caller_who_hangs_up_is_out_of_reach() -> None:
    scene = Scene(keys="1", seconds=20)
    await scene.turn()
    scene.call.lose()
    with pytest.raises(CallLost):
        await scene.waiting
    assert scene.stay.news == ["left"]


async def test_cancelled_it_tells_the_door_once_and_leaves_nothing_running() -> None:
    scene = Scene(keys="1", seconds=20)
    scene.stay.orders.put_nowait(ORDER)
    await scene.turn()
    before = asyncio.all_tasks()
    scene.waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await scene.waiting
    assert scene.stay.news == ["left"]
    assert asyncio.all_tasks() < before
