"""The house that is measured: a site of its own, a real Asterisk, the real engine."""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
import struct
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.process import Process
from benchmarks.report import NotMeasured
from hotline.asterisk.prefix import Toolbox
from hotline.control import ControlClient
from hotline.secrets import Secrets, load_secrets
from hotline.site import Site, load_site
from hotline.supervisor import Supervisor

IDLE_CPU_S = 0.05  # less than that in a second is idle

MENU, STRAIGHT, ORDINARY = "10000", "10001", "10002"
"""The numbers: the short menu, straight into the queue, the menu with prompts of ordinary length."""

RTP = (12_000, 19_999)  # below the ports that systems give out, so that nobody sits on one of so many

CONFIG = """\
site: bench
timezone: UTC
music: {music}
numbers:
  "{menu}": {{flow: menu, language: en}}
  "{straight}": {{flow: straight, language: en}}
  "{ordinary}": {{flow: ordinary, language: en}}
skills: [service]
queues: {{service: {{skills: {{service: 1}}, ring: 20s, wrap_up: 0s}}}}
agents:
{agents}
phones: {{{phones}}}
trunks: {{loopback: {{address: [127.0.0.0/8], dtmf: info, codecs: [alaw], rtp_timeout: 2h}}}}
ports: {{sip: {sip}, agi: {agi}, ami: {ami}, mqtt: {mqtt}, rtp_first: {rtp_first}, rtp_last: {rtp_last}}}
"""
MENU_FLOW = """\
flow: {name}
languages: [en]
start: main
prompts:
  choose: {{en: {{sound: sounds/{choose}.wav, text: Press one.}}}}
  bye: {{en: {{sound: sounds/{bye}.wav, text: Goodbye.}}}}
nodes:
  main: {{menu: choose, keys: {{1: bye}}, wait: 2s, tries: 1, failure: bye}}
  bye: {{hangup: bye}}
"""
STRAIGHT_FLOW = """\
flow: straight
languages: [en]
start: service
nodes:
  service: {queue: service, answered: over, otherwise: over}
  over: {hangup: }
"""
SECONDS = {"short": 0.2, "choose": 15.0, "bye": 5.0}
"""The prompts' lengths. Both prompts of the short call are the first."""


@dataclass(frozen=True, slots=True)
class House:
    """A hotline that is up."""

    site: Site
    supervisor: Supervisor
    toolbox: Toolbox
    secrets: Secrets
    control: ControlClient

    @property
    def asterisk(self) -> Process:
        """Asterisk's process."""
        pid = self.supervisor.asterisk.pid()
        if pid is None:
            raise NotMeasured("Asterisk has died")
        return Process(pid)

    @property
    def engine(self) -> Process:
        """The engine's process, whose id is in the journal's lock."""
        return Process(int((self.site.data / "journal" / "journal.lock").read_text().split()[0]))

    async def settled(self, seconds: float = 30) -> None:
        """Wait until the engine has done what it does at its start beside taking calls. Raises `TimeoutError`."""
        before = -1.0
        async with asyncio.timeout(seconds):
            while True:
                used = self.engine.cpu() + self.engine.children_cpu()
                if used - before < IDLE_CPU_S:
                    return
                before = used
                await asyncio.sleep(1)

    async def quiet(self, seconds: float = 30) -> None:
        """Wait until no call is live and the ledger has every event. Raises `TimeoutError`."""
        async with asyncio.timeout(seconds):
            while True:
                floor, health = await self.control.ask("floor"), await self.control.ask("health")
                calls = floor["calls"] or self.supervisor.asterisk.calls()
                if not calls and not health["ledger"]["behind_events"]:
                    return
                await asyncio.sleep(0.2)


def write_site(folder: Path, *, seats: int = 1, music: Literal["music", "silence"] = "music") -> Site:
    """Write the site into an empty folder and load it."""
    phones = [str(7000 + n) for n in range(seats)]
    sip, agi, ami, mqtt = free_ports(4)
    (folder / "config.yaml").write_text(
        CONFIG.format(
            music=music,
            menu=MENU,
            straight=STRAIGHT,
            ordinary=ORDINARY,
            agents="\n".join(
                f'  a{number}: {{name: Agent {number}, phone: "{number}", skills: {{service: 3}}}}'
                for number in phones
            ),
            phones=", ".join(f'"{number}": {{}}' for number in phones),
            sip=sip,
            agi=agi,
            ami=ami,
            mqtt=mqtt,
            rtp_first=RTP[0],
            rtp_last=RTP[1],
        )
    )
    sounds = folder / "flows" / "sounds"
    sounds.mkdir(parents=True)
    for name, seconds in SECONDS.items():
        _write_tone(sounds / f"{name}.wav", seconds)
    flows = {
        "menu": MENU_FLOW.format(name="menu", choose="short", bye="short"),
        "ordinary": MENU_FLOW.format(name="ordinary", choose="choose", bye="bye"),
        "straight": STRAIGHT_FLOW,
    }
    for name, text in flows.items():
        (folder / "flows" / f"{name}.yaml").write_text(text)
    return load_site(folder / "config.yaml")


def _write_tone(file: Path, seconds: float) -> None:
    """Write 8 kHz, 16 bit: what prompts are kept as, so that nobody converts it."""
    samples = (round(6000 * math.sin(2 * math.pi * 440 * n / 8000)) for n in range(round(8000 * seconds)))
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))


@contextlib.asynccontextmanager
async def opened(site: Site, toolbox: Toolbox) -> AsyncIterator[House]:
    """Bring a site up, and take it down."""
    control = ControlClient(site)
    async with Supervisor(site, toolbox) as supervisor:
        secrets = load_secrets(site.data / "secrets.json", site.settings.phones)
        try:
            yield House(site, supervisor, toolbox, secrets, control)
        finally:
            control.close()


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that are free for UDP and TCP."""
    with contextlib.ExitStack() as stack:
        ports: list[int] = []
        while len(ports) < count:
            tcp = stack.enter_context(socket.socket())
            tcp.bind(("127.0.0.1", 0))
            udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            with contextlib.suppress(OSError):
                udp.bind(("127.0.0.1", tcp.getsockname()[1]))
                ports.append(tcp.getsockname()[1])
        return ports
