"""Flows are saved while calls are on: who hears which version, whatever dies meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hotline.asterisk.prefix import Toolbox
from hotline.control import EngineAway
from hotline.site import Site
from ledger.records import Call
from tests.asterisk.conftest import House, opened, write_site
from tests.asterisk.test_survival import killed_engine

ALL = (0, 2**62)
MENU = """\
flow: test
languages: [en]
start: {main}
prompts:
  main: {{en: "{text}"}}
  bye: {{en: "Bye."}}
nodes:
  {main}:
    menu: main
    keys: {{2: {two}}}
    wait: 20s
    failure: bye
  {more}
  bye: {{hangup: bye}}
"""
OLD = MENU.format(
    main="main",
    text="Press two.",
    two="faults",
    more="faults: {queue: faults, answered: bye, otherwise: bye}",
)
NEW = MENU.format(main="first", text="Now press two, please.", two="other", more="other: {hangup: bye}")


async def listed(house: House) -> dict[str, Any]:
    """What `hotline flows` shows, of the flow that is changed here, and the folder's trouble."""
    live = await house.control.ask("flows")
    (flow,) = [flow for flow in live["flows"] if flow["flow"] == "test"]
    return {**flow, "trouble": live["trouble"]}


async def until(house: House, met: Callable[[dict[str, Any]], bool], seconds: float = 10) -> dict[str, Any]:
    """Wait until the flow is as wanted."""
    deadline = time.monotonic() + seconds
    while True:
        flow: dict[str, Any] = {}
        with contextlib.suppress(EngineAway):
            flow = await listed(house)
            if met(flow):
                return flow
        assert time.monotonic() < deadline, flow
        await asyncio.sleep(0.02)


async def the_call(house: House, caller: str) -> tuple[Call, list[str]]:
    """A caller's call, once all are over, and the nodes that it went through."""
    await house.quiet(30)
    with house.ledger() as ledger:
        (call,) = [call for call in ledger.calls(*ALL) if call.ani == caller]
        return call, [step.flow_node for step in ledger.path(call.call)]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site whose flow is the old one."""
    made = write_site(tmp_path)
    save(made, OLD)
    return made


def save(site: Site, text: str) -> None:
    """Save the flow."""
    (site.flows / "test.yaml").write_text(text)


async def ready(house: House) -> None:
    """Seat one who answers the queue `faults`."""
    await house.seat_phone("6003", rings_ms=100, talks_ms=300)
    await house.until(lambda floor: floor["seats"]["cai"]["state"] == "ready")


async def test_a_saved_flow_is_for_the_next_call_and_a_call_in_progress_outlives_even_the_engine_on_its_own(
    site: Site, toolbox: Toolbox
) -> None:
    async with opened(site, toolbox) as house:
        await ready(house)
        old = (await listed(house))["version"]
        first = house.exchange.call("10000", [("wait", 9000), ("press", "2"), ("bye", 20_000)], caller="1391")
        await house.until(lambda f: [call["node"] for call in f["calls"].values()] == ["main"])

        save(site, NEW)
        saved = time.monotonic()
        live = await until(house, lambda flow: flow["version"] != old, 5)
        assert time.monotonic() - saved < 3, "looked at, one prompt rendered, and live"
        assert live["calls"] == {old: 1}
        second = house.exchange.call(
            "10000", [("wait", 1000), ("press", "2"), ("bye", 10_000)], caller="1392"
        )
        await second.wait(20)

        await killed_engine(house)
        assert (await listed(house))["version"] == live["version"]
        await first.wait(30)

        call, path = await the_call(house, "1391")
        assert (call.flow_version, path) == (old, ["main", "main", "faults", "bye"])
        call, path = await the_call(house, "1392")
        assert (call.flow_version, path) == (live["version"], ["first", "other"])


async def test_a_wrong_flow_never_goes_live_even_at_a_restart_and_a_rollback_is_for_the_next_call(
    site: Site, toolbox: Toolbox
) -> None:
    async with opened(site, toolbox) as house:
        await ready(house)
        old = (await listed(house))["version"]
        save(site, NEW)
        new = (await until(house, lambda flow: flow["version"] != old))["version"]
        save(site, NEW.replace("2: other", "2: others"))
        wrong = await until(house, lambda flow: bool(flow["trouble"]))
        assert wrong["version"] == new
        assert "test.yaml:10:15: nodes.first.keys.2: unknown node 'others'" in wrong["trouble"][0]

        await killed_engine(house)
        assert await listed(house) == wrong
        assert (await house.control.ask("flow-roll-back", flow="test", by="li", version=""))["version"] == old
        caller = house.exchange.call(
            "10000", [("wait", 1000), ("press", "2"), ("bye", 15_000)], caller="1393"
        )
        await caller.wait(30)
        call, path = await the_call(house, "1393")
        assert (call.flow_version, path) == (old, ["main", "faults", "bye"])
