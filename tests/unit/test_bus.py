"""What the bus keeps for the broker, and what the publisher tells of the floor, of figures, and of events."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from jsonschema import Draft202012Validator

from hotline.live.bus import LARGEST_BACKLOG, Bus
from hotline.live.publisher import EVERY_S, FIGURES_S, HEALTH_S, MOST_TOGETHER, Publisher
from hotline.live.today import Today
from hotline.live.topics import TOLD_OF_EVENTS, TOPICS, VERSION, message_of, schema
from ledger.events import KINDS, CallBegan, CallEnded, EngineStarted, Event, VisitBegan, VisitEnded
from reports.measures import Definition
from tests.unit.house_of_cards import VirtualClock
from tests.unit.small_pulse import Parts, pulse_of

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
    """Pauses that last until the test lets them pass, told apart by their length."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._passes: dict[float, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(0))

    async def sleep(self, seconds: float) -> None:
        self.asked.append(seconds)
        await self._passes[seconds].acquire()

    async def open(self, seconds: float = EVERY_S) -> None:
        self._passes[seconds].release()
        await settle()


class Room:
    """A publisher at work, and everything around it."""

    def __init__(self) -> None:
        self.bus, self.floor, self.gate = Recording(), Floor(), Gate()
        self.clock = VirtualClock()
        self.parts = Parts()
        self.pulse = pulse_of(self.clock, self.parts)
        self.notices: list[Mapping[str, Any]] = []
        self.today = Today(Definition(), ZoneInfo("UTC"))
        self.today.heard(EngineStarted(at=0, version="1"))
        self.publisher = Publisher(
            self.bus,
            self.floor.look,
            today=self.today,
            notices=lambda: self.notices,
            pulse=self.pulse,
            clock=self.clock,
            timezone="UTC",
            sleep=self.gate.sleep,
        )

    def happens(self, *events: Event) -> None:
        for event in events:
            self.today.heard(event)
            self.publisher.heard(event)


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
        if field.name in TOLD_OF_EVENTS:
            made[field.name] = 1 if str(field.type).startswith("int") else field.name
        else:
            made[field.name] = {PRIVATE: PRIVATE} if "Mapping" in str(field.type) else PRIVATE
    return kind(**made)


def notice(**more: Any) -> Mapping[str, Any]:
    return {
        "at": 7, "notice": "outage", "on": True, "by": PRIVATE, "texts": {"en": "The net is down."},
        "areas": ("east",), "services": (), "until": None, "heard": True,
    } | more  # fmt: skip


async def test_everything_is_told_at_the_beginning(room: Room) -> None:
    assert {name for name, _, retain in room.bus.told if retain} == {
        "schema", "site", "queue/sales", "seat/lihua", "notices", "today", "today/sales", "health",
    }  # fmt: skip
    assert room.bus.named("queue/sales") == [
        {"waiting": 0, "longest_wait_since": None, "longest_wait_ms": 0, "at": 100_000}
    ]
    assert room.bus.named("seat/lihua") == [{"state": "ready", "since": 5, "reason": None, "at": 100_000}]


async def test_a_burst_of_events_is_one_look_at_the_floor_after_the_pause(room: Room) -> None:
    for waiting in range(1, 50):
        room.floor.queue["waiting"] = waiting
        room.publisher.heard(ended())
        await settle()
    assert room.floor.looks == 1
    await room.gate.open()
    assert room.floor.looks == 2
    assert [told["waiting"] for told in room.bus.named("queue/sales")] == [0, 49]
    assert room.gate.asked.count(EVERY_S) == 2


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


async def test_a_gap_in_the_numbers_of_events_is_what_was_dropped(room: Room) -> None:
    for _ in range(MOST_TOGETHER + 3):
        room.publisher.heard(ended())
    await room.gate.open()
    room.publisher.heard(ended())
    await room.gate.open()
    told = room.bus.named("events")
    assert [one["first"] for one in told] == [1, MOST_TOGETHER + 1, MOST_TOGETHER + 4]
    assert {one["engine"] for one in told} == {room.pulse.started}


async def test_figures_are_told_once_a_second_and_only_what_is_new(room: Room) -> None:
    at = room.clock.time
    room.happens(
        VisitBegan(at=at, call="c", visit="c/1", queue="sales", skills={}, priority=0),
        VisitEnded(at=at + 3_000, call="c", visit="c/1", outcome="answered", wait_ms=3_000),
        CallEnded(at=at + 3_500, call="c", outcome="flow-ended"),
    )
    await room.gate.open()
    assert len(room.bus.named("today/sales")) == 1
    for _ in range(3):
        room.clock.time += 1_000
        await room.gate.open(FIGURES_S)
    _, figures = room.bus.named("today/sales")
    assert figures == room.bus.named("today")[1]
    assert (figures["offered"], figures["answered"], figures["answer_rate"]) == (1, 1, 1.0)
    assert (figures["service_level"], figures["asa_s"], figures["max_wait_s"]) == (1.0, 3.0, 3.0)
    assert figures["hour"]["offered"] == 1


async def test_a_running_wait_alone_is_no_news(room: Room) -> None:
    room.happens(VisitBegan(at=room.clock.time, call="c", visit="c/1", queue="sales", skills={}, priority=0))
    for _ in range(3):
        room.clock.time += 1_000
        await room.gate.open(FIGURES_S)
    assert [figures["waiting"] for figures in room.bus.named("today/sales")] == [0, 1]


async def test_what_leaves_the_last_hour_is_told_without_any_event(room: Room) -> None:
    room.happens(VisitBegan(at=room.clock.time, call="c", visit="c/1", queue="sales", skills={}, priority=0))
    await room.gate.open(FIGURES_S)
    room.clock.time += 3_600_000
    await room.gate.open(FIGURES_S)
    assert [figures["hour"]["offered"] for figures in room.bus.named("today")] == [0, 1, 0]
    assert [figures["offered"] for figures in room.bus.named("today")] == [0, 1, 1]


async def test_the_engine_gives_a_sign_of_life_every_five_seconds(room: Room) -> None:
    await room.gate.open(HEALTH_S)
    assert len(room.bus.named("health")) == 2


async def test_a_trouble_is_told_within_a_second_and_so_is_its_end(room: Room) -> None:
    room.parts.lose_ledger()
    for _ in range(3):
        await room.gate.open(FIGURES_S)
    room.parts.ledger = replace(room.parts.ledger, error=None)
    await room.gate.open(FIGURES_S)
    assert [told["troubles"] for told in room.bus.named("health")] == [[], ["ledger"], []]


async def test_what_ails_a_part_is_told_by_its_name_alone(room: Room) -> None:
    """The database's own words may hold its address, the journal's a path."""
    room.parts.ledger = replace(room.parts.ledger, error=PRIVATE)
    room.parts.journal.trouble = PRIVATE
    room.parts.ami = replace(room.parts.ami, connected=False, last_error=PRIVATE)
    await room.gate.open(HEALTH_S)
    told = room.bus.named("health")[-1]
    assert told["troubles"] == ["asterisk", "journal", "ledger"]
    assert PRIVATE not in json.dumps(told)


async def test_a_notice_is_told_without_who_switched_it_on(room: Room) -> None:
    room.notices.append(notice())
    room.publisher.heard(ended())
    await room.gate.open()
    (nothing, one) = (told["notices"] for told in room.bus.named("notices"))
    assert nothing == []
    assert one == [
        {
            "notice": "outage", "since": 7, "until": None, "texts": {"en": "The net is down."},
            "areas": ("east",), "services": (), "heard": True,
        }
    ]  # fmt: skip


async def test_a_queue_that_the_site_no_longer_has_is_not_among_its_queues(room: Room) -> None:
    look = room.floor.look
    room.publisher._floor = lambda: {**look(), "queues": {}}
    room.publisher.heard(ended())
    await room.gate.open()
    assert [told["queues"] for told in room.bus.named("site")] == [["sales"], []]


async def test_every_message_has_the_published_form_and_no_more(room: Room) -> None:
    """The schema takes it, and each of its keys is in the model."""
    room.notices.append(notice())
    for kind in KINDS.values():
        room.publisher.heard(event_of(kind))
    await room.gate.open()
    assert room.bus.named("schema") == [schema()]
    retained = {topic.name: topic.retained for topic in TOPICS}
    heard = set()
    for name, payload, retain in room.bus.told:
        if name == "schema":
            continue
        kind = name.partition("/")[0] + ("/NAME" if "/" in name else "")
        heard.add(kind)
        assert retain == retained[kind]
        whole = {"v": VERSION, **json.loads(json.dumps(payload))}
        Draft202012Validator(schema()).validate({kind: whole})
        assert unknown(schema(), form(kind), whole) == []
    assert heard == {topic.name for topic in TOPICS} - {"engine"}  # of which the bus itself tells


def form(kind: str) -> str:
    message = message_of(kind)
    assert message is not None
    return message.__name__


def unknown(whole: Mapping[str, Any], name: str, data: Mapping[str, Any]) -> Sequence[str]:
    """The keys, at any depth, of which the schema says nothing."""
    known = whole["$defs"][name]["properties"]
    found = [key for key in data if key not in known]
    for key, part in known.items():
        inner = part.get("$ref") or part.get("items", {}).get("$ref")
        if inner:
            several = data[key] if isinstance(data[key], list) else [data[key]]
            found += [miss for one in several for miss in unknown(whole, inner.rpartition("/")[2], one)]
    return found


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
    (told,) = room.bus.named("events")
    assert told["events"] == [{"kind": "CallBegan", "at": 1, "call": "c"}]
