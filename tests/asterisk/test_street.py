"""The street against a real hotline: two Asterisks, real SIP and RTP between them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

import hotline
from hotline.asterisk.prefix import Toolbox
from hotline.asterisk.process import AsteriskProcess
from hotline.site import Site, load_site
from hotline.street import street as street_module
from hotline.street.config import StreetPorts
from hotline.street.errors import StreetNotReady, StreetPortInUse
from hotline.street.model import TrafficModel
from hotline.street.street import Street
from hotline.supervisor import Supervisor
from ledger.reader import LedgerReader
from tests.asterisk.conftest import free_ports

SAMPLE = Path(hotline.__file__).parents[1]
FOR_EVER = 2**60


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """The sample site, on ports and in a folder of its own."""
    sip, agi, ami, mqtt, rtp = free_ports(5)
    rtp = min(rtp, 64000) // 2 * 2
    own = f"ports: {{sip: {sip}, agi: {agi}, ami: {ami}, mqtt: {mqtt}, rtp_first: {rtp}, rtp_last: {rtp + 398}}}\n"
    (tmp_path / "config.yaml").write_text((SAMPLE / "config.yaml").read_text() + "\n" + own)
    (tmp_path / "flows").symlink_to(SAMPLE / "flows")
    return load_site(tmp_path / "config.yaml")


@pytest.fixture
def ports(site: Site) -> StreetPorts:
    sip, ami = free_ports(2)
    rtp = site.settings.ports.rtp_first + 600
    return StreetPorts(sip=sip, rtp_first=rtp, rtp_last=rtp + 398, ami=ami, agi=0)


@pytest.fixture
async def up(site: Site, toolbox: Toolbox) -> AsyncIterator[Supervisor]:
    async with Supervisor(site, toolbox) as supervisor:
        yield supervisor


async def until(met: Callable[[LedgerReader], bool], site: Site, seconds: float = 10) -> None:
    """Wait until the ledger meets a condition."""
    deadline = time.monotonic() + seconds
    with contextlib.closing(LedgerReader(site.database)) as ledger:
        while True:
            if met(ledger):
                return
            assert time.monotonic() < deadline, ledger.live_calls()
            await asyncio.sleep(0.1)


def running(street: Street, toolbox: Toolbox) -> int | None:
    return AsteriskProcess(street.layout, toolbox).pid()


@pytest.mark.usefixtures("up")
async def test_what_the_callers_count_is_what_the_ledger_holds(
    site: Site, toolbox: Toolbox, ports: StreetPorts
) -> None:
    """Each caller ended as he believes: answered, abandoned, or gone before he asked for a person."""
    model = TrafficModel(
        seed=4,
        per_minute=60,
        listening=(0.5, 1.5),
        leaves_in_menu=0.2,
        patience_mean=3,
        talk_mean=6,
        unanswered=0.1,
    )
    async with Street(site, toolbox, model, ports=ports) as street:
        await street.run(seconds=18)
        counted = street.statistics()
    await until(
        lambda ledger: len(ledger.calls(0, FOR_EVER)) >= counted.placed and not ledger.live_calls(), site
    )
    with contextlib.closing(LedgerReader(site.database)) as ledger:
        calls = ledger.calls(0, FOR_EVER)
        visits = ledger.visits(0, FOR_EVER)
        talks = ledger.conversations(0, FOR_EVER)
    outcomes = Counter(visit.outcome for visit in visits)
    asked = {visit.call for visit in visits}
    assert (counted.live, counted.failed, counted.blocked, counted.turned_away) == (0, 0, 0, 0)
    assert counted.placed == len(calls)
    assert counted.answered == outcomes["answered"] == len(talks)
    assert counted.abandoned == outcomes["abandoned"]
    assert counted.hung_up_in_menu == sum(call.call not in asked for call in calls)
    assert min(counted.answered, counted.abandoned, counted.hung_up_in_menu) > 0
    assert {talk.ended_by for talk in talks} == {"caller", "seat"}


@pytest.mark.usefixtures("up")
async def test_a_cancelled_street_hangs_up_and_is_gone_at_once(
    site: Site, toolbox: Toolbox, ports: StreetPorts
) -> None:
    model = TrafficModel(seed=4, per_minute=300)
    async with Street(site, toolbox, model, ports=ports) as street:
        traffic = asyncio.create_task(street.run())
        await until(lambda ledger: len(ledger.live_calls()) >= 4, site)
        began = time.monotonic()
        traffic.cancel()
        await asyncio.wait([traffic])
        assert running(street, toolbox) is not None
    assert time.monotonic() - began < 3
    assert running(street, toolbox) is None
    await until(lambda ledger: not ledger.live_calls(), site)


async def test_a_street_without_a_hotline_says_so_and_leaves_nothing_running(
    site: Site, toolbox: Toolbox, ports: StreetPorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(street_module, "REGISTER_S", 0.5)
    site.data.mkdir()
    street = Street(site, toolbox, ports=ports)
    with pytest.raises(StreetNotReady, match=f"8 of 8 phones .* 127.0.0.1:{site.settings.ports.sip}"):
        await street.__aenter__()
    assert running(street, toolbox) is None


@pytest.mark.parametrize(("key", "kind"), [("sip", "udp"), ("ami", "tcp"), ("agi", "tcp")])
async def test_a_used_port_is_named_and_nothing_is_started(
    site: Site, toolbox: Toolbox, ports: StreetPorts, key: str, kind: str
) -> None:
    site.data.mkdir()
    with socket.socket(type=socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM) as other:
        other.bind(("127.0.0.1", 0))
        if kind == "tcp":
            other.listen()
        taken = other.getsockname()[1]
        street = Street(site, toolbox, ports=replace(ports, **{key: taken}))
        with pytest.raises(StreetPortInUse, match=f"{taken}/{kind}"):
            await street.__aenter__()
    assert not street.layout.conf.exists()
