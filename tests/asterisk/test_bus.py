"""The bus and a real Mosquitto: what is retained, what an engine that died leaves, what comes back, who may read."""

from __future__ import annotations

import asyncio
import gc
import getpass
import json
import os
import re
import signal
import socket
import ssl
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from unittest.mock import ANY
from zoneinfo import ZoneInfo

import aiomqtt
import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from hotline.asterisk.prefix import Toolbox
from hotline.clock import SystemClock
from hotline.commands.watch import watch_app
from hotline.live.broker import Broker, BrokerDidNotStart, _hashed
from hotline.live.bus import MOST_UNDER_WAY, Bus
from hotline.live.listener import BrokerAddress, Listener
from hotline.live.publisher import Publisher
from hotline.live.today import Today
from ledger.events import EngineStarted, VisitBegan, VisitEnded
from reports.measures import Definition
from tests.asterisk.conftest import free_ports
from tests.unit.small_pulse import pulse_of

# paho leaves the socket of a connection that failed to the garbage collector, which then complains of it.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

DOCUMENT = Path(__file__).parents[2] / "docs" / "mqtt.md"
USER, PASSWORD = "hotline", "secret-of-the-test"
SITE = "demo"
ENGINE = """
import asyncio, sys
from hotline.live.bus import MOST_UNDER_WAY, Bus
bus = Bus(sys.argv[1], "demo", username=sys.argv[2], password=sys.argv[3])
bus.publish("seat/lihua", {"state": "talking"}, retain=True)
asyncio.run(bus.run())
"""


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Let the collector complain here, and not in another module's test."""
    yield
    gc.collect()


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
        await client.subscribe(f"hotline/{SITE}/#", qos=1)
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
        await hear(early, "hotline/demo/events", {"v": 1, "kind": "CallBegan"}, False)
        async with listener(up) as late:
            told = [await asyncio.wait_for(late.get(), 10) for _ in range(2)]
            bus.publish("events", {"kind": "CallEnded"}, retain=False)
            told.append(await asyncio.wait_for(late.get(), 10))
    assert sorted(told, key=str) == [
        ("hotline/demo/engine", {"v": 1, "state": "online"}, True),
        ("hotline/demo/events", {"v": 1, "kind": "CallEnded"}, False),
        ("hotline/demo/queue/sales", {"v": 1, "waiting": 4}, True),
    ]


async def test_everything_is_told_with_qos_1(up: Broker) -> None:
    bus = bus_to(up)
    bus.publish("queue/sales", {"waiting": 1}, retain=True)
    bus.publish("events", {"kind": "CallBegan"}, retain=False)
    heard: dict[str, int] = {}
    port = int(up.url.rpartition(":")[2])
    async with aiomqtt.Client("127.0.0.1", port, username=USER, password=PASSWORD) as client:
        await client.subscribe(f"hotline/{SITE}/#", qos=2)
        async with running(bus), asyncio.timeout(10):
            async for message in client.messages:
                heard[message.topic.value] = message.qos
                if len(heard) == 3:
                    break
    assert heard == {"hotline/demo/engine": 1, "hotline/demo/queue/sales": 1, "hotline/demo/events": 1}


async def test_many_messages_come_in_order(up: Broker) -> None:
    bus = bus_to(up)
    async with listener(up) as heard, running(bus):
        for number in range(500):
            bus.publish("events", {"first": number}, retain=False)
        async with asyncio.timeout(10):
            told = [await heard.get() for _ in range(501)]
    assert [payload["first"] for topic, payload, _ in told if topic.endswith("events")] == list(range(500))


class Line:
    """A line to the broker that can be cut."""

    def __init__(self, broker: Broker) -> None:
        self._port = int(broker.url.rpartition(":")[2])
        self._writers: set[asyncio.StreamWriter] = set()
        self._passing: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def laid(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        yield f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        server.close()
        self.cut()
        await asyncio.gather(*self._passing, return_exceptions=True)

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, there = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers |= {writer, there}
        self._passing |= {
            asyncio.create_task(_pass(reader, there)),
            asyncio.create_task(_pass(back, writer)),
        }


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(512):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()


async def test_when_the_line_is_cut_no_event_is_lost_and_few_come_twice(up: Broker) -> None:
    line, total, told = Line(up), 600, list[int]()
    async with listener(up) as heard, line.laid() as url:
        bus = Bus(url, SITE, username=USER, password=PASSWORD)
        async with running(bus), asyncio.timeout(30):
            for number in range(total):
                bus.publish("events", {"first": number}, retain=False)
            cuts = [400, 200]
            while len(set(told)) < total:
                topic, payload, _ = await heard.get()
                if topic.endswith("events"):
                    told.append(payload["first"])
                if cuts and len(told) >= cuts[-1]:
                    cuts.pop()
                    line.cut()
            await until(lambda: bus.statistics().waiting == 0)
    connections = bus.statistics().connections
    assert connections in (2, 3), (
        "the second cut may fall into the first one's mending, or after the last event"
    )
    assert list(dict.fromkeys(told)) == list(range(total))
    assert len(told) - total <= 2 * MOST_UNDER_WAY
    assert bus.statistics().dropped == 0


async def test_an_engine_that_is_killed_leaves_its_last_will(up: Broker) -> None:
    engine = await asyncio.create_subprocess_exec(sys.executable, "-c", ENGINE, up.url, USER, PASSWORD)
    try:
        async with listener(up) as heard:
            await hear(heard, "hotline/demo/seat/lihua", {"v": 1, "state": "talking"}, False)
            engine.kill()
            await hear(heard, "hotline/demo/engine", {"v": 1, "state": "offline"}, False)
        async with listener(up) as heard:
            await hear(heard, "hotline/demo/engine", {"v": 1, "state": "offline"}, True)
    finally:
        with suppress(ProcessLookupError):
            engine.kill()
        await engine.wait()


async def test_an_engine_that_ends_in_order_says_so(up: Broker) -> None:
    bus = bus_to(up)
    async with listener(up) as heard:
        async with running(bus):
            await hear(heard, "hotline/demo/engine", {"v": 1, "state": "online"}, False)
        await hear(heard, "hotline/demo/engine", {"v": 1, "state": "offline"}, False)
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
        ("hotline/demo/engine", {"v": 1, "state": "online"}),
        ("hotline/demo/queue/faults", {"v": 1, "waiting": 2}),
        ("hotline/demo/queue/sales", {"v": 1, "waiting": 3}),
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
                    await hear(heard, "hotline/demo/queue/sales", {"v": 1, "waiting": 1}, ANY)
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


# --- the page's example: a broker for elsewhere, by TLS, with users who may and may not


@pytest.fixture
async def elsewhere(tmp_path: Path, toolbox: Toolbox) -> AsyncIterator[tuple[int, Path]]:
    """The broker of docs/mqtt.md, but for where its files are; its port, and its certificate."""
    folder = tmp_path / "mosquitto"
    (folder / "certs").mkdir(parents=True)
    conf, acl = re.findall(r"^```(?:conf|acl)\n(.*?)^```", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    key, certificate = folder / "certs" / "broker.key", folder / "certs" / "broker.pem"
    await asyncio.to_thread(
        subprocess.run,
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=broker", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    (folder / "passwords").write_text(
        "".join(f"{user}:{_hashed(PASSWORD)}\n" for user in ("engine", "wallboard"))
    )
    (folder / "acl").write_text(acl)
    for file in folder.rglob("*"):
        file.chmod(0o700)
    (port,) = free_ports(1)
    conf = conf.replace("/etc/mosquitto", str(folder)).replace("listener 8883", f"listener {port} 127.0.0.1")
    (folder / "mosquitto.conf").write_text(f"{conf}user {getpass.getuser()}\n")
    process = await asyncio.create_subprocess_exec(
        *toolbox.command("mosquitto", "-c", str(folder / "mosquitto.conf")),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env=os.environ | toolbox.environment("mosquitto"),
    )
    try:
        await until(lambda: bool(listening_addresses(port)))
        yield port, certificate
    finally:
        process.kill()
        await process.wait()


def wallboard_at(port: int, certificate: Path) -> aiomqtt.Client:
    return aiomqtt.Client(
        "127.0.0.1", port, username="wallboard", password=PASSWORD,
        tls_context=ssl.create_default_context(cafile=certificate),
    )  # fmt: skip


async def test_by_the_page_s_example_a_wallboard_may_read_and_not_write(
    elsewhere: tuple[int, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, certificate = elsewhere
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    bus = Bus(f"mqtts://127.0.0.1:{port}", SITE, username="engine", password=PASSWORD)
    bus.publish("queue/sales", {"waiting": 4}, retain=True)
    heard: list[tuple[str, int]] = []
    async with running(bus), wallboard_at(port, certificate) as client, asyncio.timeout(10):
        await client.publish("hotline/demo/queue/sales", b'{"v": 1, "waiting": 99}', qos=1, retain=True)
        await client.subscribe("#", qos=1)
        await until(lambda: bus.statistics().connected and bus.statistics().waiting == 0)
        bus.publish("queue/sales", {"waiting": 5}, retain=True)
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            if message.topic.value == "hotline/demo/queue/sales":
                heard.append((message.topic.value, json.loads(message.payload)["waiting"]))
                if heard[-1][1] == 5:
                    break
    assert 99 not in [waiting for _, waiting in heard]


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(elsewhere: tuple[int, Path]) -> None:
    port, _ = elsewhere
    bus = Bus(f"mqtts://127.0.0.1:{port}", SITE, username="engine", password=PASSWORD)
    async with running(bus):
        await until(lambda: bus.statistics().trouble is not None)
    assert "certificate verify failed" in (bus.statistics().trouble or "")
    assert bus.statistics().connections == 0


# --- hotline watch


@asynccontextmanager
async def telling(broker: Broker) -> AsyncIterator[Bus]:
    """An engine's publisher at the broker, with one queue and one seat."""
    clock = SystemClock()
    today = Today(Definition(), ZoneInfo("UTC"))
    at = clock.now()
    for event in (
        EngineStarted(at=0, version="1"),
        VisitBegan(at=at, call="c", visit="c/1", queue="sales", skills={}, priority=0),
        VisitEnded(at=at, call="c", visit="c/1", outcome="answered", wait_ms=3_000),
    ):
        today.heard(event)

    def floor() -> dict[str, Any]:
        queues = {"sales": {"waiting": 2, "longest_wait_ms": 5_000}}
        seats = {"lihua": {"state": "ready", "since": clock.now(), "reason": None}}
        return {"now": clock.now(), "queues": queues, "seats": seats}

    bus = bus_to(broker)
    publisher = Publisher(
        bus, floor, today=today, notices=list, pulse=pulse_of(clock), clock=clock, timezone="UTC"
    )
    publishing = asyncio.create_task(publisher.run())
    try:
        async with running(bus):
            yield bus
    finally:
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)


async def watched(broker: Broker, *more: str) -> Result:
    """What `hotline watch` says of a broker to who knows the password."""
    environment = {"HOTLINE_MQTT_PASSWORD": PASSWORD, "COLUMNS": "120"}
    words = [broker.url, "--user", USER, *more]
    return await asyncio.to_thread(CliRunner().invoke, watch_app, words, env=environment)


async def test_the_wallboard_is_seen_from_anywhere_that_reaches_the_broker(up: Broker) -> None:
    async with telling(up):
        said = await watched(up, "--once")
    assert said.exit_code == 0, said.stderr
    lines = [" ".join(line.split()) for line in said.stdout.splitlines()]
    assert "engine" not in said.stdout
    assert next(line for line in lines if line.startswith("sales")).startswith("sales 2 0:0")
    assert next(line for line in lines if line.startswith("all")).endswith(
        "1 1 0 100.0 100.0 3.0 0:03 1 100.0"
    )
    assert any(line.startswith("lihua ready") for line in lines)


async def test_after_the_engine_s_end_the_wallboard_shows_the_last_known_and_says_so(up: Broker) -> None:
    async with telling(up) as bus:
        await until(lambda: bus.statistics().published > 5 and bus.statistics().waiting == 0)
    said = await watched(up, "--once", "--json")
    (line,) = said.stdout.splitlines()
    board = json.loads(line)
    assert board["engine"]["state"] == "offline"
    assert board["engine"]["offline_since"] is not None
    assert board["queues"]["sales"]["waiting"] == 2
    assert board["queues"]["sales"]["today"]["answered"] == 1


async def test_who_has_no_password_sees_nothing_and_is_told(up: Broker) -> None:
    said = await watched(up, "--once", "--password-env", "NOT_SET")
    assert (said.exit_code, said.stdout) == (1, "")
    assert re.search("[Nn]ot authori[sz]ed", said.stderr)


async def test_where_no_site_tells_anything_that_is_told(up: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotline.commands.watch.ONCE_S", 0.3)
    said = await watched(up, "--once")
    assert said.exit_code == 1
    assert "no site tells anything" in said.stderr


async def test_a_listener_finds_a_broker_again_and_says_while_it_is_away(up: Broker) -> None:
    heard: list[tuple[str, str]] = []
    address = BrokerAddress(up.url, USER, PASSWORD)
    listening = Listener(address, None, lambda site, name, *_: heard.append((site, name)))
    task = asyncio.create_task(listening.run())
    async with telling(up):
        await until(lambda: ("demo", "queue/sales") in heard)
        assert up.pid is not None
        os.kill(up.pid, signal.SIGKILL)
        await until(lambda: not listening.link.connected)
        assert listening.link.trouble
        heard.clear()
        await up.start()
        await until(lambda: ("demo", "queue/sales") in heard)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_listener_lets_pass_what_is_no_topic_of_a_site(up: Broker) -> None:
    heard: list[tuple[str, str]] = []
    address = BrokerAddress(up.url, USER, PASSWORD)
    listening = Listener(address, SITE, lambda site, name, *_: heard.append((site, name)))
    task = asyncio.create_task(listening.run())
    await until(lambda: listening.link.connected)
    async with aiomqtt.Client(address.host, address.port, username=USER, password=PASSWORD) as client:
        for topic in (f"hotline/{SITE}", f"hotline/{SITE}/", "hotline/other/engine", f"hotline/{SITE}/a/b/c"):
            await client.publish(topic, b"x", qos=1)
    await until(lambda: len(heard) == 2)
    assert heard == [(SITE, ""), (SITE, "a/b/c")]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
