"""What Prometheus is told, and how it is asked."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from hotline.live.bus import BusStatistics
from hotline.live.lag import EVERY_S, LoopLag
from hotline.live.metrics import Metrics
from hotline.live.scrape import Scrape
from hotline.live.tallies import Tallies
from hotline.live.today import Today
from ledger.events import (
    CallBegan,
    CallEnded,
    EngineStarted,
    Event,
    Healed,
    OfferEnded,
    VisitBegan,
    VisitEnded,
)
from reports.measures import Definition
from tests.unit.house_of_cards import VirtualClock
from tests.unit.small_pulse import Parts, pulse_of

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
AT = 1_000_000


def began(call: str = "c", **more: Any) -> VisitBegan:
    return VisitBegan(at=AT, call=call, visit=f"{call}/1", queue="sales", skills={}, priority=0, **more)


def left(call: str = "c", wait: int = 12_000, outcome: Any = "answered") -> VisitEnded:
    return VisitEnded(at=AT + wait, call=call, visit=f"{call}/1", outcome=outcome, wait_ms=wait)


WORLD: tuple[Event, ...] = (
    EngineStarted(at=0, version="1"),
    CallBegan(at=AT, call="c", ani="139", dnis="1", trunk="", flow="", flow_version="", language="zh"),
    began(),
    OfferEnded(at=AT + 1, call="c", visit="c/1", offer="c/1/1", seat="ann", outcome="answered"),
    left(),
    CallEnded(at=AT + 13_000, call="c", outcome="flow-ended"),
    began("d"),
    left("d", 3_000, "abandoned"),
    Healed(at=AT, what="ring-without-leg", subject="c/1/1", cause="no channel"),
)


class World:
    """An engine's parts, as far as metrics ask them."""

    def __init__(self, *events: Event, waiting: tuple[VisitBegan, ...] = ()) -> None:
        self.clock = VirtualClock()
        self.parts = Parts()
        self.tallies = Tallies(waiting)
        self.today = Today(Definition(), ZoneInfo("UTC"))
        for event in events:
            self.tallies.heard(event)
            self.today.heard(event)
        self.clock.time = AT + 60_000
        self.metrics = Metrics(
            "demo",
            self.tallies.registry,
            floor=self.floor,
            today=self.today,
            pulse=pulse_of(self.clock, self.parts),
            bus=lambda: BusStatistics(
                connected=True, connections=1, published=5, waiting=2, dropped=3, trouble=None
            ),
            sessions=lambda: 4,
            clock=self.clock,
        )

    def floor(self) -> Mapping[str, Any]:
        seats = {name: {"state": state} for name, state in (("a", "ready"), ("b", "ready"), ("c", "talking"))}
        return {
            "now": self.clock.time,
            "queues": {"sales": {"waiting": 2, "longest_wait_ms": 7_500}},
            "seats": seats,
        }

    async def samples(self) -> dict[str, float]:
        """Every sample by its name and labels, these in the order of the alphabet."""
        text = (await self.metrics.text()).decode()
        return {
            sample.name + _labels(sample.labels): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


def _labels(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{key}="{labels[key]}"' for key in sorted(labels)) + "}" if labels else ""


async def test_what_happened_is_counted_by_queue_and_outcome() -> None:
    expected = {
        "hotline_calls_total": 1,
        'hotline_calls_ended_total{outcome="flow-ended"}': 1,
        'hotline_offered_total{queue="sales"}': 2,
        'hotline_visits_total{outcome="answered",queue="sales"}': 1,
        'hotline_visits_total{outcome="abandoned",queue="sales"}': 1,
        'hotline_wait_seconds_sum{outcome="answered",queue="sales"}': 12,
        'hotline_wait_seconds_bucket{le="10.0",outcome="answered",queue="sales"}': 0,
        'hotline_wait_seconds_bucket{le="15.0",outcome="answered",queue="sales"}': 1,
        'hotline_offers_total{outcome="answered"}': 1,
        'hotline_healings_total{what="ring-without-leg"}': 1,
    }
    samples = await World(*WORLD).samples()
    assert {name: samples.get(name) for name in expected} == expected


async def test_what_is_so_now_is_asked_at_each_scrape() -> None:
    world = World(*WORLD)
    expected = {
        'hotline_waiting{queue="sales"}': 2,
        'hotline_longest_wait_seconds{queue="sales"}': 7.5,
        'hotline_seats{state="ready"}': 2,
        "hotline_calls_live": 0,
        "hotline_agi_sessions": 4,
        'hotline_today{count="offered",queue="sales"}': 2,
        'hotline_today{count="answered",queue=""}': 1,
        'hotline_today_answer_ratio{queue="sales"}': 0.5,
        'hotline_today_asa_seconds{queue="sales"}': 12,
        "hotline_mqtt_dropped_total": 3,
        "hotline_mqtt_waiting": 2,
        'hotline_trouble{part="asterisk"}': 0,
        'hotline_trouble{part="ledger"}': 0,
    }
    samples = await world.samples()
    assert {name: samples.get(name) for name in expected} == expected
    world.parts.calls.append("c")
    world.parts.lose_asterisk()
    world.parts.lose_ledger()
    world.parts.journal.backlog = 9
    samples = await world.samples()
    changed = {
        "hotline_calls_live": 1,
        'hotline_trouble{part="asterisk"}': 1,
        "hotline_ami_losses_total": 1,
        'hotline_trouble{part="ledger"}': 1,
        "hotline_ledger_behind_events": 7,
        "hotline_journal_backlog_events": 9,
    }
    assert {name: samples[name] for name in changed} == changed


async def test_a_rate_of_nothing_is_no_sample() -> None:
    samples = await World(EngineStarted(at=0, version="1")).samples()
    assert 'hotline_today{count="offered",queue="sales"}' in samples
    assert not [name for name in samples if "ratio" in name]


async def test_who_waited_since_before_this_engine_is_counted_when_he_leaves() -> None:
    samples = await World(left(), waiting=(began(),)).samples()
    assert samples['hotline_visits_total{outcome="answered",queue="sales"}'] == 1


async def test_a_call_back_is_not_counted_as_a_visit() -> None:
    samples = await World(began(visit_kind="callback"), left()).samples()
    assert not [
        name for name in samples if name.startswith(("hotline_offered_total", "hotline_visits_total"))
    ]


async def test_every_metric_is_on_the_page_and_the_page_tells_of_no_other() -> None:
    text = (await World(*WORLD).metrics.text()).decode()
    told = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    documented = set(re.findall(r"^\| `(\w+)(?:\{[\w, ]+\})?` \|", PAGE.read_text(), re.MULTILINE))
    assert told == documented


async def test_every_label_is_on_the_page() -> None:
    """As `name{label, label}`."""
    documented = {
        name: set(re.findall(r"\w+", labels))
        for name, labels in re.findall(r"^\| `(\w+)(?:\{([\w, ]+)\})?` \|", PAGE.read_text(), re.MULTILINE)
    }
    text = (await World(*WORLD).metrics.text()).decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    for name, labels in documented.items():
        family = families[name.removesuffix("_total")]
        assert {label for sample in family.samples for label in sample.labels} - {"le"} == labels, name


async def test_the_loop_s_lateness_is_measured_and_its_p99_kept() -> None:
    moments = iter([0.0, EVERY_S + 0.004, 1.0, 1.0 + EVERY_S, 2.0])
    observed: list[float] = []
    pauses = iter([None, None])

    async def sleep(seconds: float) -> None:
        if next(pauses, "over") == "over":
            await asyncio.Event().wait()

    lag = LoopLag(observed.append, lambda: next(moments), sleep)
    assert lag.p99 == 0
    running = asyncio.create_task(lag.run())
    await asyncio.sleep(0)
    running.cancel()
    assert observed == [pytest.approx(0.004), pytest.approx(0.0)]
    assert lag.p99 == pytest.approx(0.004)


# --- the page itself


async def page() -> bytes:
    return b"# TYPE a gauge\na 1.0\n"


@asynccontextmanager
async def served(port: int) -> AsyncIterator[None]:
    running = asyncio.create_task(Scrape(page, port).run())
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def asked(port: int, head: bytes) -> bytes:
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            break
        except ConnectionRefusedError:
            await asyncio.sleep(0)
    writer.write(head)
    answer = await reader.read()
    writer.close()
    return answer


async def test_the_page_is_given_to_who_asks_for_it(free_port: int) -> None:
    async with served(free_port):
        answer = await asked(free_port, b"GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert body == await page()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"404"),
        (b"POST /metrics HTTP/1.1\r\n\r\n", b"405"),
        (b"\r\n\r\n", b"404"),
        (b"\0" * 20_000 + b"\r\n\r\n", b""),
    ],
)
async def test_what_is_no_scrape_is_answered_or_dropped(free_port: int, head: bytes, status: bytes) -> None:
    async with served(free_port):
        try:
            answer = await asked(free_port, head)
        except ConnectionResetError:
            answer = b""
        assert answer[9:12] == status
        assert (await asked(free_port, b"GET /metrics HTTP/1.0\r\n\r\n"))[9:12] == b"200"


async def test_a_port_that_is_taken_is_logged_once_and_costs_nothing_else(free_port: int) -> None:
    other = await asyncio.start_server(lambda *_: None, "127.0.0.1", free_port)
    with capture_logs() as logs:
        running = asyncio.create_task(Scrape(page, free_port).run())
        while not logs:  # noqa: ASYNC110 - what is awaited happens in the operating system
            await asyncio.sleep(0)
        assert not running.done()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    other.close()
    assert [line["event"] for line in logs] == ["prometheus not served; trying again"]


async def test_one_who_connects_and_says_nothing_does_not_keep_the_page_from_ending(free_port: int) -> None:
    async with served(free_port):
        await asked(free_port, b"GET /metrics HTTP/1.0\r\n\r\n")
        reader, writer = await asyncio.open_connection("127.0.0.1", free_port)
        await asyncio.sleep(0)
    assert await reader.read() == b""
    writer.close()


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
