"""The bus and a real Mosquitto: what is retained, what is left of an engine that died, and what comes back."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import stat
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import aiomqtt
import pytest
from structlog.testing import capture_logs

from hotline.asterisk.prefix import Toolbox
from hotline.broker import Broker, BrokerDidNotStart
from hotline.bus import Bus
from tests.asterisk.conftest import free_ports

USER, PASSWORD = "hotline", "secret-of-the-test"
SITE = "demo"
ENGINE = """
import asyncio, sys
from hotline.bus import Bus
bus = Bus(sys.argv[1], "demo", username=sys.argv[2], password=sys.argv[3])
bus.publish("seat/lihua", {"state": "talking"}, retain=True)
asyncio.run(bus.run())
"""


@pytest.fixture
def broker(tmp_path: Path, toolbox: Toolbox) -> Broker:
    """A broker that is not started yet, in a folder with a blank in its name."""
    return Broker(tmp_path / "the broker", toolbox, free_ports(1)[0], USER, PASSWORD)


@pytest.fixture
async def up(broker: Broker) -> AsyncIterator[Broker]:
    await broker.start()
    yield broker
    await broker.stop()


def bus_to(broker: Broker) -> Bus:
    return Bus(broker.url, SITE, username=USER, password=PASSWORD)


@asynccontextmanager
async def running(bus: Bus) -> AsyncIterator[None]:
    task = asyncio.create_task(bus.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def listener(broker: Broker) -> AsyncIterator[asyncio.Queue[tuple[str, Any, bool]]]:
    """Everything below the site's topics, as (topic, payload, retained) in order."""
    heard: asyncio.Queue[tuple[str, Any, bool]] = asyncio.Queue()

    async def listen(client: aiomqtt.Client) -> None:
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            heard.put_nowait((message.topic.value, json.loads(message.payload), bool(message.retain)))

    port = int(broker.url.rpartition(":")[2])
    async with aiomqtt.Client("127.0.0.1", port, username=USER, password=PASSWORD) as client:
        await client.subscribe(f"hotline/{SITE}/#")
        listening = asyncio.create_task(listen(client))
        yield heard
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening


async def hear(heard: asyncio.Queue[tuple[str, Any, bool]], *wanted: Any) -> None:
    """Wait for a message; what else comes is let pass."""
    async with asyncio.timeout(10):
        while await heard.get() != wanted:
            pass


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not met():  # noqa: ASYNC110 - what is awaited happens in another process
            await asyncio.sleep(0.02)


async def test_who_comes_late_is_told_the_newest_states_and_no_past_events(up: Broker) -> None:
    bus = bus_to(up)
    async with listener(up) as early, running(bus):
        for waiting in range(5):
            bus.publish("queue/sales", {"waiting": waiting}, retain=True)
        bus.publish("events", {"kind": "CallBegan"}, retain=False)
        await hear(early, "hotline/demo/events", {"kind": "CallBegan"}, False)
        async with listener(up) as late:
            told = [await asyncio.wait_for(late.get(), 10) for _ in range(2)]
            bus.publish("events", {"kind": "CallEnded"}, retain=False)
            told.append(await asyncio.wait_for(late.get(), 10))
    assert sorted(told, key=str) == [
        ("hotline/demo/engine", {"state": "online"}, True),
        ("hotline/demo/events", {"kind": "CallEnded"}, False),
        ("hotline/demo/queue/sales", {"waiting": 4}, True),
    ]


async def test_an_engine_that_is_killed_leaves_its_last_will(up: Broker) -> None:
    engine = await asyncio.create_subprocess_exec(sys.executable, "-c", ENGINE, up.url, USER, PASSWORD)
    try:
        async with listener(up) as heard:
            await hear(heard, "hotline/demo/seat/lihua", {"state": "talking"}, False)
            engine.kill()
            await hear(heard, "hotline/demo/engine", {"state": "offline"}, False)
        async with listener(up) as heard:
            await hear(heard, "hotline/demo/engine", {"state": "offline"}, True)
    finally:
        with suppress(ProcessLookupError):
            engine.kill()
        await engine.wait()


async def test_an_engine_that_ends_in_order_says_so(up: Broker) -> None:
    bus = bus_to(up)
    async with listener(up) as heard:
        async with running(bus):
            await hear(heard, "hotline/demo/engine", {"state": "online"}, False)
        await hear(heard, "hotline/demo/engine", {"state": "offline"}, False)
    assert not bus.statistics().connected


async def test_a_broker_that_is_killed_and_started_again_is_told_every_state(up: Broker) -> None:
    bus = bus_to(up)
    with capture_logs() as logs:
        async with running(bus):
            bus.publish("queue/sales", {"waiting": 1}, retain=True)
            bus.publish("queue/faults", {"waiting": 2}, retain=True)
            await until(lambda: bus.statistics().connected and bus.statistics().waiting == 0)
            assert up.pid is not None
            os.kill(up.pid, signal.SIGKILL)
            await until(lambda: not bus.statistics().connected)
            bus.publish("queue/sales", {"waiting": 3}, retain=True)
            await until(lambda: "Connection refused" in (bus.statistics().trouble or ""))
            await up.start()
            async with listener(up) as heard:
                told = [(await asyncio.wait_for(heard.get(), 10))[:2] for _ in range(3)]
            assert bus.statistics().connections == 2
    assert sorted(told, key=str) == [
        ("hotline/demo/engine", {"state": "online"}),
        ("hotline/demo/queue/faults", {"waiting": 2}),
        ("hotline/demo/queue/sales", {"waiting": 3}),
    ]
    assert [line["event"] for line in logs if line["log_level"] == "warning"] == [
        "mqtt broker away; calls go on, live figures are not told"
    ]


async def test_a_broker_that_comes_after_the_engine_is_found_and_its_absence_logged_once(
    broker: Broker,
) -> None:
    bus = bus_to(broker)
    bus.publish("queue/sales", {"waiting": 1}, retain=True)
    try:
        with capture_logs() as logs:
            async with running(bus):
                await until(lambda: bus.statistics().trouble is not None)
                await broker.start()
                async with listener(broker) as heard:
                    await hear(heard, "hotline/demo/queue/sales", {"waiting": 1}, ANY)
    finally:
        await broker.stop()
    assert len([line for line in logs if line["log_level"] == "warning"]) == 1


@pytest.mark.parametrize("password", [None, "guessed"])
async def test_nobody_comes_in_without_the_password(up: Broker, password: str | None) -> None:
    port = int(up.url.rpartition(":")[2])
    client = aiomqtt.Client("127.0.0.1", port, username=USER if password else None, password=password)
    with pytest.raises(aiomqtt.MqttError, match=r"[Nn]ot authori[sz]ed"):
        async with client:
            pass


async def test_the_broker_s_files_are_for_this_user_alone(up: Broker, tmp_path: Path) -> None:
    folder = tmp_path / "the broker"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE((folder / name).stat().st_mode) for name in ("passwords", "mosquitto.conf")] == [
        0o600
    ] * 2
    assert PASSWORD not in (folder / "passwords").read_text()


def listening_addresses(port: int) -> list[str]:
    """The kernel's own list, in hexadecimal."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [line[1] for line in lines if line[1].endswith(f":{port:04X}") and line[3] == "0A"]


async def test_the_broker_s_address_is_on_loopback_alone(up: Broker) -> None:
    port = int(up.url.rpartition(":")[2])
    assert listening_addresses(port) == [f"0100007F:{port:04X}"]


async def test_a_broker_that_dies_is_started_again(up: Broker) -> None:
    keeping = asyncio.create_task(up.keep())
    first = up.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await until(lambda: up.pid not in (None, first))
    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping


async def test_the_broker_of_a_run_that_was_killed_makes_room_for_the_next(
    up: Broker, tmp_path: Path, toolbox: Toolbox
) -> None:
    left = up.pid
    port = int(up.url.rpartition(":")[2])
    following = Broker(tmp_path / "the broker", toolbox, port, USER, PASSWORD)
    await following.start()
    assert following.pid not in (None, left)
    await until(lambda: up.pid is None)
    await following.stop()


async def test_a_port_that_is_taken_is_told(broker: Broker) -> None:
    port = int(broker.url.rpartition(":")[2])
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(BrokerDidNotStart, match=rf"did not start on port {port}(.|\n)*the port is in use"),
    ):
        await broker.start()
    assert broker.pid is None
