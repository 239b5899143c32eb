"""What the bus keeps for the broker, and what the publisher tells of the floor and of events."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from hotline.bus import LARGEST_BACKLOG, Bus
from hotline.publisher import MOST_TOGETHER, TOLD, Publisher
from ledger.events import KINDS, CallBegan, Event, VisitEnded

DOCUMENT = Path(__file__).parents[2] / "docs" / "mqtt.md"
PRIVATE = "13800138000"


class Recording(Bus):
    """A bus that only remembers what it was given."""

    def __init__(self) -> None:
        super().__init__("mqtt://127.0.0.1:1", "demo")
        self.told: list[tuple[str, Mapping[str, Any], bool]] = []

    def publish(self, name: str, payload: Mapping[str, Any], *, retain: bool) -> None:
        json.dumps(payload)
        self.told.append((name, payload, retain))

    def named(self, name: str) -> list[Mapping[str, Any]]:
        return [payload for told, payload, _ in self.told if told == name]


class Floor:
    """A floor with one queue and one seat, which counts how often it is looked at."""

    def __init__(self) -> None:
        self.looks = 0
        self.now = 100_000
        self.queue = {"waiting": 0, "longest_wait_ms": 0}
        self.seat = {"name": "李华", "state": "ready", "since": 5, "reason": None, "phone": "6001"}

    def look(self) -> Mapping[str, Any]:
        self.looks += 1
        return {"now": self.now, "queues": {"sales": dict(self.queue)}, "seats": {"lihua": dict(self.seat)}}


class Gate:
    """A pause that lasts until the test lets it pass."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._passes = asyncio.Semaphore(0)

    async def sleep(self, seconds: float) -> None:
        self.asked.append(seconds)
        await self._passes.acquire()

    async def open(self) -> None:
        self._passes.release()
        await settle()


class Room:
    """A publisher at work, and everything around it."""

    def __init__(self) -> None:
        self.bus, self.floor, self.gate = Recording(), Floor(), Gate()
        self.publisher = Publisher(self.bus, self.floor.look, self.gate.sleep)


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    room = Room()
    running = asyncio.create_task(room.publisher.run())
    await settle()
    yield room
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


def ended() -> VisitEnded:
    return VisitEnded(at=1, call="c", visit="c/1", outcome="abandoned", wait_ms=7)


def event_of(kind: type[Event]) -> Event:
    """An event whose every text and mapping is private, but for what the bus may tell."""
    made: dict[str, Any] = {}
    for field in fields(kind):
        if field.name in TOLD:
            made[field.name] = 1 if str(field.type).startswith("int") else field.name
        else:
            made[field.name] = {PRIVATE: PRIVATE} if "Mapping" in str(field.type) else PRIVATE
    return kind(**made)


async def test_the_whole_floor_is_told_at_the_beginning(room: Room) -> None:
    assert room.bus.told == [
        (
            "queue/sales",
            {"waiting": 0, "longest_wait_since": None, "longest_wait_ms": 0, "at": 100_000},
            True,
        ),
        ("seat/lihua", {"state": "ready", "since": 5, "reason": None, "at": 100_000}, True),
    ]


async def test_a_burst_of_events_is_one_look_at_the_floor_after_the_pause(room: Room) -> None:
    for waiting in range(1, 50):
        room.floor.queue["waiting"] = waiting
        room.publisher.heard(ended())
        await settle()
    assert room.floor.looks == 1
    await room.gate.open()
    assert room.floor.looks == 2
    assert [told["waiting"] for told in room.bus.named("queue/sales")] == [0, 49]
    assert room.gate.asked == [0.2, 0.2]


async def test_after_a_quiet_time_a_change_is_told_at_once_but_after_its_effect(room: Room) -> None:
    await room.gate.open()
    room.publisher.heard(ended())
    room.floor.seat["state"] = "talking"  # as the chronicle tells its listeners before the effect
    await settle()
    assert [told["state"] for told in room.bus.named("seat/lihua")] == ["ready", "talking"]


async def test_what_has_not_changed_is_not_told_again_though_time_has_passed(room: Room) -> None:
    room.floor.queue |= {"waiting": 1, "longest_wait_ms": 1_000}
    room.publisher.heard(ended())
    await room.gate.open()
    room.floor.now += 500
    room.floor.queue["longest_wait_ms"] += 500
    room.publisher.heard(ended())
    await room.gate.open()
    assert room.floor.looks == 3
    assert [told["longest_wait_since"] for told in room.bus.named("queue/sales")] == [None, 99_000]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
async def test_no_event_tells_a_number_a_key_or_a_variable(room: Room, kind: type[Event]) -> None:
    room.publisher.heard(event_of(kind))
    await room.gate.open()
    ((event,),) = [told["events"] for told in room.bus.named("events")]
    assert event["kind"] == kind.__name__
    assert PRIVATE not in json.dumps(event)


async def test_events_are_told_in_order_many_in_a_message_and_none_twice(room: Room) -> None:
    for number in range(MOST_TOGETHER + 1):
        room.publisher.heard(VisitEnded(at=number, call="c", visit="c/1", outcome="abandoned", wait_ms=7))
    await room.gate.open()
    await room.gate.open()
    many, one = [told["events"] for told in room.bus.named("events")]
    assert [event["at"] for event in [*many, *one]] == list(range(MOST_TOGETHER + 1))
    assert (len(many), len(one)) == (MOST_TOGETHER, 1)


async def test_an_event_tells_its_ids_and_figures(room: Room) -> None:
    room.publisher.heard(ended())
    await room.gate.open()
    ((event,),) = [told["events"] for told in room.bus.named("events")]
    assert event == (
        {
            "kind": "VisitEnded",
            "at": 1,
            "call": "c",
            "visit": "c/1",
            "outcome": "abandoned",
            "wait_ms": 7,
            "seat": None,
            "reason": None,
        }
    )


async def test_every_topic_and_key_that_is_published_is_documented(room: Room) -> None:
    """The document's table names each topic, and its section there each key."""
    for kind in KINDS.values():
        room.publisher.heard(event_of(kind))
    await room.gate.open()
    document = DOCUMENT.read_text()
    sections = dict(
        re.findall(r"^## `hotline/SITE/([\w/]+)`\n(.*?)(?=^## |\Z)", document, re.MULTILINE | re.DOTALL)
    )
    table = dict(re.findall(r"^\| `hotline/SITE/([\w/]+)` \| (yes|no) ", document, re.MULTILINE))
    assert len(room.bus.told) == 3
    (events,) = [told["events"] for told in room.bus.named("events")]
    assert len(events) == len(KINDS)
    for event in events:
        assert [key for key in event if f"`{key}`" not in sections["events"]] == []
    for name, payload, retain in [*room.bus.told, ("engine", {}, True)]:
        topic = re.sub(r"/.*", "/NAME", name)
        assert table[topic] == ("yes" if retain else "no")
        assert [key for key in payload if f"`{key}`" not in sections[topic]] == []


def test_of_a_state_only_the_newest_waits() -> None:
    bus = Bus("mqtt://127.0.0.1:1", "demo")
    for waiting in range(100):
        bus.publish("queue/sales", {"waiting": waiting}, retain=True)
    bus.publish("queue/faults", {"waiting": 1}, retain=True)
    assert bus.statistics().waiting == 2


def test_of_events_the_oldest_are_dropped_and_counted() -> None:
    bus = Bus("mqtt://127.0.0.1:1", "demo")
    for number in range(LARGEST_BACKLOG + 7):
        bus.publish("events", {"kind": "CallBegan", "at": number}, retain=False)
    assert (bus.statistics().waiting, bus.statistics().dropped) == (LARGEST_BACKLOG, 7)


def test_a_text_that_is_no_unicode_is_told_all_the_same() -> None:
    bus = Bus("mqtt://127.0.0.1:1", "demo")
    bus.publish("seat/lihua", {"reason": "\ud800"}, retain=True)
    assert bus.statistics().waiting == 1


def test_the_topic_names_the_site() -> None:
    assert Bus("mqtts://broker.example", "demo").topic("events") == "hotline/demo/events"


async def test_a_call_s_beginning_tells_neither_caller_nor_number(room: Room) -> None:
    began = CallBegan(
        at=1, call="c", ani=PRIVATE, dnis="10000", trunk="t", flow="f", flow_version="v", language="zh"
    )
    room.publisher.heard(began)
    await room.gate.open()
    assert room.bus.named("events") == [{"events": [{"kind": "CallBegan", "at": 1, "call": "c"}]}]
