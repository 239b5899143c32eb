"""A whole hotline for the tests: real Asterisk, real engine, real telephones, on ports and folders of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hotline.asterisk.prefix import Toolbox, find
from hotline.control import ControlClient, EngineAway
from hotline.secrets import Secrets, load_secrets
from hotline.site import Site, load_site
from hotline.supervisor import Supervisor
from hotline.upkeep.auditor import cdr_files
from ledger.audit import audit
from ledger.reader import LedgerReader
from tests.asterisk.telephones import Exchange

SITE = """\
site: test
timezone: UTC
numbers:
  "10000": {{flow: test, language: en}}
  "10001": {{flow: straight, language: en}}
skills: [billing, faults, english]
queues:
  billing: {{skills: {{billing: 2}}, ring: {ring}, wrap_up: {wrap_up}, longest_wait: 2m}}
  faults: {{skills: {{faults: 1}}, ring: {ring}, wrap_up: {wrap_up}, capacity: 2}}
agents:
  ann: {{name: Ann, phone: "6001", skills: {{billing: 3}}}}
  bob: {{name: Bob, phone: "6002", skills: {{billing: 2}}}}
  cai: {{name: Cai, phone: "6003", skills: {{faults: 5}}}}
{agents}
phones: {{"6001": {{}}, "6002": {{}}, "6003": {{}}{phones}}}
trunks:
  loopback: {{address: [127.0.0.0/8], dtmf: inband}}
rona: {{misses: 1, pause: 60s}}
away: {{apologise_after: {away}, language: en}}
ports: {{sip: {sip}, rtp_first: {rtp}, rtp_last: {rtp_last}, agi: {agi}, ami: {ami}, mqtt: {mqtt}}}
"""
FLOW = """\
flow: test
languages: [en]
start: main
prompts:
  main: {en: "One or two."}
  bye: {en: "Bye."}
nodes:
  main:
    menu: main
    keys: {1: billing, 2: faults}
    tries: 2
    wait: 4s
    failure: bye
  billing: {queue: billing, answered: bye, otherwise: bye}
  faults: {queue: faults, answered: bye, otherwise: bye}
  bye: {hangup: bye}
"""
STRAIGHT = """\
flow: straight
languages: [en]
start: billing
prompts:
  bye: {en: "Bye."}
nodes:
  billing: {queue: billing, answered: bye, otherwise: bye}
  bye: {hangup: bye}
"""


@pytest.fixture(scope="session")
def toolbox() -> Toolbox:
    """The programs; `make test` has brought them."""
    return find(with_tests=True)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, for UDP and TCP."""
    with contextlib.ExitStack() as stack:
        ports = []
        while len(ports) < count:
            tcp = stack.enter_context(socket.socket())
            tcp.bind(("127.0.0.1", 0))
            port = tcp.getsockname()[1]
            udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            ports.append(port)
        return ports


@dataclass
class House:
    """A hotline that is up, and the telephones around it."""

    site: Site
    supervisor: Supervisor
    exchange: Exchange
    secrets: Secrets
    control: ControlClient

    async def floor(self) -> dict[str, Any]:
        """What is live."""
        return await self.control.ask("floor")

    async def until(self, met: Callable[[dict[str, Any]], bool], seconds: float = 10) -> dict[str, Any]:
        """Wait until what is live meets a condition; return it."""
        deadline = time.monotonic() + seconds
        while True:
            floor: dict[str, Any] = {}
            with contextlib.suppress(EngineAway):  # it may be on its way back
                floor = await self.floor()
                if met(floor):
                    return floor
            assert time.monotonic() < deadline, json.dumps(floor, indent=1)
            await asyncio.sleep(0.05)

    async def seat_phone(self, number: str, **how: Any) -> int:
        """Register a phone and let it behave as `Exchange.phone` says; return its port."""
        (port,) = free_ports(1)
        secret = self.secrets.phones[number]
        await self.exchange.register(secret.username, secret.password, port)
        self.exchange.phone(port, **how)
        return port

    async def quiet(self, seconds: float = 15) -> None:
        """Wait until no call is live and the ledger has everything."""
        await self.until(lambda floor: not floor["calls"], seconds)
        deadline = time.monotonic() + 5
        while (await self.control.ask("health"))["ledger"]["behind_events"]:
            assert time.monotonic() < deadline, "the ledger lags"
            await asyncio.sleep(0.05)

    @contextlib.contextmanager
    def ledger(self) -> Iterator[LedgerReader]:
        """The ledger, for reading."""
        reader = LedgerReader(self.site.database)
        with contextlib.closing(reader):
            yield reader


def write_site(
    folder: Path, *, ring: str = "3s", wrap_up: str = "500ms", away: str = "20s", more_agents: int = 0
) -> Site:
    """Write a small site with ports of its own and load it."""
    sip, agi, ami, mqtt, rtp = free_ports(5)
    rtp = min(rtp, 64000) // 2 * 2
    names = [f"agent{n}" for n in range(more_agents)]
    agents = "".join(
        f'  {name}: {{name: {name}, phone: "{7000 + n}", skills: {{billing: 2}}}}\n'
        for n, name in enumerate(names)
    )
    phones = "".join(f', "{7000 + n}": {{}}' for n in range(more_agents))
    (folder / "flows").mkdir(parents=True)
    (folder / "flows" / "test.yaml").write_text(FLOW)
    (folder / "flows" / "straight.yaml").write_text(STRAIGHT)
    config = SITE.format(
        ring=ring, wrap_up=wrap_up, away=away, agents=agents, phones=phones,
        sip=sip, agi=agi, ami=ami, mqtt=mqtt, rtp=rtp, rtp_last=rtp + 600,
    )  # fmt: skip
    (folder / "config.yaml").write_text(config)
    return load_site(folder / "config.yaml")


@contextlib.asynccontextmanager
async def opened(site: Site, toolbox: Toolbox) -> AsyncIterator[House]:
    """Bring a site up, and take it down. What its ledger then says must agree with itself and with Asterisk."""
    exchange = Exchange(toolbox, site.folder / "telephones", site.settings.ports.sip)
    control = ControlClient(site)
    try:
        async with Supervisor(site, toolbox) as supervisor:
            secrets = load_secrets(site.data / "secrets.json", site.settings.phones)
            keeping = asyncio.create_task(supervisor.keep())
            try:
                yield House(site, supervisor, exchange, secrets, control)
            finally:
                keeping.cancel()
                await asyncio.gather(keeping, return_exceptions=True)
    finally:
        control.close()
        exchange.close()
    agrees(site)


def agrees(site: Site) -> None:
    """Insist that the ledger agrees with itself and, call by call, with Asterisk's own records."""
    now = round(time.time() * 1000) + 600_000  # all of it is settled by then
    found = audit(site.database, as_of=now, site=site.name, cdr=cdr_files(site), zone=site.zone)
    assert [(one.check, one.subject, one.what) for one in found.unexplained] == []


@pytest.fixture
async def house(tmp_path: Path, toolbox: Toolbox) -> AsyncIterator[House]:
    """A small hotline: ann and bob for billing, cai for faults."""
    async with opened(write_site(tmp_path), toolbox) as up:
        yield up
