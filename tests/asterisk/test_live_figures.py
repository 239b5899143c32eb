"""Live figures of a whole hotline: by MQTT and for Prometheus the same, equal to the ledger's, through a `kill -9`."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
import urllib.request
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hotline.asterisk.prefix import Toolbox
from hotline.cli import app
from hotline.live.screen import read_figures
from hotline.site import load_site
from tests.asterisk.conftest import House, free_ports, opened, write_site


@pytest.fixture
async def measured(tmp_path: Path, toolbox: Toolbox) -> AsyncIterator[House]:
    """The small hotline, with a port for Prometheus."""
    file = write_site(tmp_path).file
    file.write_text(file.read_text().replace("ports: {", f"ports: {{metrics: {free_ports(1)[0]}, "))
    async with opened(load_site(file), toolbox) as up:
        yield up


async def watched(house: House) -> dict[str, Any]:
    """What `hotline watch` tells a program."""
    words = ["watch", "--once", "--json", "--config", str(house.site.file)]
    said = await asyncio.to_thread(CliRunner().invoke, app, words)
    assert said.exit_code == 0, said.output
    (line,) = [
        line for line in said.stdout.splitlines() if line.startswith("{")
    ]  # the supervisor logs there too
    board: dict[str, Any] = json.loads(line)
    return board


async def watched_until(house: House, met: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    deadline = time.monotonic() + 20
    while not met(board := await watched(house)):
        assert time.monotonic() < deadline, json.dumps(board, indent=1)
        await asyncio.sleep(0.1)
    return board


def scraped(house: House) -> dict[str, float]:
    port = house.site.settings.ports.metrics
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as page:
        lines = page.read().decode().splitlines()
    samples = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in samples}


@pytest.mark.timeout(120)
async def test_figures_of_today_are_the_ledger_s_and_survive_a_killed_engine(measured: House) -> None:
    house = measured
    await house.seat_phone("6001", rings_ms=200, talks_ms=500)
    await house.until(lambda floor: floor["seats"]["ann"]["state"] == "ready")
    await house.exchange.call("10001", [("bye", 20_000)]).wait(30)
    await house.until(lambda floor: floor["seats"]["ann"]["state"] == "ready")
    await house.quiet()
    before = await watched_until(house, lambda board: board["today"]["answered"] == 1)
    assert before["queues"]["billing"]["today"]["answered"] == 1

    waiting = house.exchange.call("10000", [("wait", 500), ("press", "2"), ("wait", 12_000), ("hangup", 0)])
    await watched_until(house, lambda board: board["queues"]["faults"]["waiting"] == 1)
    os.kill(int((house.site.data / "run" / "engine.pid").read_text()), signal.SIGKILL)
    await watched_until(house, lambda board: board["engine"]["state"] == "offline")
    board = await watched_until(house, lambda board: board["engine"]["state"] == "online")
    await house.until(lambda floor: floor["queues"]["faults"]["waiting"] == 1)
    assert board["today"]["answered"] == 1
    await waiting.wait(30)
    await house.quiet()
    board = await watched_until(house, lambda board: board["today"]["abandoned"] == 1)

    figures = await asyncio.to_thread(
        read_figures, house.site, board["today"]["since"], time.time_ns() // 10**6
    )
    rows = [(board["queues"][queue]["today"], counts) for queue, counts in figures.queues.items()]
    for told, counts in [(board["today"], figures.all), *rows]:
        for name in ("offered", "answered", "abandoned", "short_abandoned", "overflowed", "other", "waiting"):
            assert told[name] == getattr(counts, name), name
        assert told["max_wait_s"] == counts.longest_wait_ms / 1000
    samples = await asyncio.to_thread(scraped, house)
    assert samples['hotline_today{count="answered",queue="billing"}'] == 1
    assert samples['hotline_today{count="abandoned",queue=""}'] == 1
    assert samples['hotline_visits_total{outcome="abandoned",queue="faults"}'] == 1
    assert samples['hotline_seats{state="ready"}'] == 1
    assert samples["hotline_event_loop_lag_seconds_count"] > 0


@pytest.mark.timeout(60)
async def test_calls_are_served_while_the_broker_is_away_and_it_is_told_all_afterwards(
    measured: House,
) -> None:
    house = measured
    await house.seat_phone("6001", rings_ms=200, talks_ms=500)
    await house.until(lambda floor: floor["seats"]["ann"]["state"] == "ready")
    pid = int((house.site.data / "mosquitto" / "mosquitto.pid").read_text())
    os.kill(pid, signal.SIGKILL)
    await house.exchange.call("10001", [("bye", 20_000)]).wait(30)
    board = await watched_until(house, lambda board: board["today"]["answered"] == 1)
    assert board["engine"]["state"] == "online"
    samples = await asyncio.to_thread(scraped, house)
    assert (samples["hotline_mqtt_connected"], samples["hotline_mqtt_dropped_total"]) == (1, 0)
