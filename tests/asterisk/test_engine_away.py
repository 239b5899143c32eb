"""The apology on a real Asterisk, in the hotline's own dialplan, with no engine anywhere."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from hotline.apology import prepare
from hotline.asterisk.config import Layout, write_whole
from hotline.asterisk.prefix import Toolbox
from hotline.asterisk.process import AsteriskProcess
from hotline.site import Site, load_site
from hotline.supervisor import wire
from ivr.prompts import PromptStore, Speaker
from tests.asterisk.conftest import free_ports

ANI = "13800138000"
SITE = """\
site: away-test
numbers: {{"10000": {{flow: any}}}}
skills: [general]
queues: {{operator: {{skills: {{general: 1}}}}}}
agents: {{lihua: {{name: 李华, skills: {{general: 1}}}}}}
phones: {{"6001": {{}}}}
trunks: {{loopback: {{address: [127.0.0.1]}}}}
music: silence
away: {{apologise_after: 1s}}
ports: {{sip: {sip}, rtp_first: {rtp}, rtp_last: {rtp_last}, agi: {agi}, ami: {ami}}}
"""
CALLER = """
[street]
secret = street
read = agi,call
write = originate,call
"""


class Street:
    """A caller at the far end of a Local channel, who hears when the script speaks and presses keys."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._file = self._socket.makefile("r", encoding="utf-8", newline="\r\n")
        self._file.readline()
        self._tell(Action="Login", Username="street", Secret="street")

    def call(self) -> str:
        """Dial the hotline; return the caller's channel."""
        channel = f"street-{random.randrange(10**9)}"
        self._tell(
            Action="Originate",
            Channel="Local/10000@hotline-in",
            ChannelId=channel,
            CallerID=ANI,
            Application="Wait",
            Data="60",
            Async="true",
        )
        return channel

    def hears(self, prompt: str) -> None:
        """Wait until the script says a prompt."""
        while f'/{prompt}"' not in (event := self._next()).get("Command", ""):
            assert event

    def presses(self, channel: str, keys: str) -> None:
        for key in keys:
            self._tell(Action="PlayDTMF", Channel=channel, Digit=key, Duration="60")
            time.sleep(0.12)  # a telephone's own pause between two keys

    def hangs_up(self, channel: str) -> None:
        self._tell(Action="Hangup", Channel=channel)

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def _tell(self, **fields: str) -> None:
        self._socket.sendall(
            "".join(f"{key}: {value}\r\n" for key, value in fields.items()).encode() + b"\r\n"
        )

    def _next(self) -> dict[str, str]:
        fields = {}
        while line := self._file.readline().strip():
            key, _, value = line.partition(": ")
            fields[key] = value
        return fields


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, toolbox: Toolbox) -> Site:
    folder = tmp_path_factory.mktemp("away")
    rtp = random.randrange(20_000, 30_000, 20)
    ports = dict(zip(("sip", "agi", "ami"), free_ports(3), strict=True))
    (folder / "config.yaml").write_text(SITE.format(rtp=rtp, rtp_last=rtp + 9, **ports))
    site = load_site(folder / "config.yaml")
    (site.data / "spool").mkdir(parents=True)
    environment = toolbox.environment("espeak-ng") | toolbox.environment("sox")
    speaker = Speaker(toolbox.command("espeak-ng"), toolbox.command("sox"), environment)
    store = PromptStore(site.data / "prompts", speaker)
    assert asyncio.run(prepare(store, site.data / "apology", first="zh")) == 46
    return site


@pytest.fixture(scope="module")
def layout(site: Site, toolbox: Toolbox) -> Iterator[Layout]:
    """The hotline's Asterisk, running."""
    layout = Layout.below(site.data / "asterisk")
    write_whole(site, wire(site, toolbox, {}), layout)
    with (layout.etc / "manager.conf").open("a") as manager:
        manager.write(CALLER)
    asterisk = AsteriskProcess(layout, toolbox)
    asyncio.run(asterisk.start(site.settings.ports.ami))
    asterisk.ask("core waitfullybooted")  # its AMI answers before its dialplan is there
    yield layout
    asyncio.run(asterisk.stop())


@pytest.fixture
def street(site: Site, layout: Layout) -> Iterator[Street]:
    shutil.rmtree(site.data / "spool")
    (site.data / "spool").mkdir()
    with closing(Street(site.settings.ports.ami)) as street:
        yield street


def note_after_the_call(site: Site) -> dict[str, object]:
    """Wait for the dialplan's own word that the call is over; return the script's note."""
    spool = site.data / "spool"
    deadline = time.monotonic() + 20
    while not list(spool.glob("ended-*.txt")) or list(spool.glob("*.partial")):
        assert time.monotonic() < deadline, list(spool.iterdir())
        time.sleep(0.05)
    (file,) = spool.glob("away-*.json")
    return dict(json.loads(file.read_text()))


def number_after_the_call(site: Site) -> dict[str, object]:
    """Return the note once it has a number: the script may write a moment after the dialplan."""
    deadline = time.monotonic() + 10
    while not (note := note_after_the_call(site))["number"]:
        assert time.monotonic() < deadline, "the number was lost"
        time.sleep(0.05)
    return note


def test_a_caller_leaves_another_number_and_the_note_is_there(site: Site, street: Street) -> None:
    caller = street.call()
    street.hears("zh/apology")
    street.presses(caller, "2")
    street.hears("zh/enter-number")
    street.presses(caller, "95588#")
    street.hears("zh/digit-8")
    street.presses(caller, "1")
    street.hears("zh/noted")
    street.hangs_up(caller)
    note = note_after_the_call(site)
    assert (note["number"], note["ani"], note["dnis"]) == ("95588", ANI, "10000")


def test_a_caller_who_hangs_up_while_entering_his_number_is_noted_without_it(
    site: Site, street: Street
) -> None:
    caller = street.call()
    street.hears("zh/apology")
    street.presses(caller, "2")
    street.hears("zh/enter-number")
    street.presses(caller, "0755")
    street.hangs_up(caller)
    note = note_after_the_call(site)
    assert (note["number"], note["ani"]) == ("", ANI)


def test_a_caller_who_hangs_up_while_his_number_is_read_to_him_is_called_back(
    site: Site, street: Street
) -> None:
    caller = street.call()
    street.hears("zh/apology")
    street.presses(caller, "9")
    street.hears("en/apology")
    street.presses(caller, "1")
    street.hears("en/digit-3")
    street.hangs_up(caller)
    note = number_after_the_call(site)
    assert (note["number"], note["language"]) == (ANI, "en")


def test_neither_the_number_nor_the_keys_stand_in_a_log(site: Site, street: Street, layout: Layout) -> None:
    caller = street.call()
    street.hears("zh/apology")
    street.presses(caller, "2")
    street.hears("zh/enter-number")
    street.presses(caller, "8675309#")
    street.hears("zh/read-back")
    street.hangs_up(caller)
    number_after_the_call(site)
    logs = "".join(file.read_text() for file in (layout.folder / "logs").iterdir() if file.is_file())
    assert ANI not in logs
    assert "8675309" not in logs
