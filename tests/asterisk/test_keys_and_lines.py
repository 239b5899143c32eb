"""What a caller does besides listening, on a real Asterisk: keys at any moment, recordings, and calls outside.

One Asterisk with the site's own files, one engine as small as can be (AGI server and ear), SIPp callers whose voice
and keys are real sound, and a carrier on loopback that does what the number dialled says.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import re
import time
import wave
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio

from acd.ami import AmiClient, Event
from hotline.asterisk.config import Layout, write_whole
from hotline.asterisk.prefix import Toolbox
from hotline.asterisk.process import AsteriskProcess
from hotline.clock import SystemClock
from hotline.ear import Ear
from hotline.hands import Hands
from hotline.keys import Keys
from hotline.legs import SeatLegs
from hotline.memory import Memory
from hotline.secrets import Secrets, load_secrets
from hotline.site import Site, load_site
from hotline.supervisor import wire
from ivr.agi.call import AgiCall, Outside
from ivr.agi.errors import CommandFailed
from ivr.agi.server import AgiServer
from ivr.agi.session import AgiSession
from ivr.call import CallLost, Connected, Line, Ring
from tests.asterisk.conftest import free_ports
from tests.asterisk.telephones import CALL_HEAD, HANGUP, OK, SDP, Exchange, Sipp, _alaw, free_port, tones

pytestmark = pytest.mark.asyncio(loop_scope="module")

SILENCE = b"\xd5"  # A-law


def voice(ms: int) -> bytes:
    """Return something loud that is no key, as A-law."""
    period = [
        _alaw(round(9000 * math.sin(2 * math.pi * n / 32) + 5000 * math.sin(2 * math.pi * n / 20)))
        for n in range(160)
    ]
    return bytes(period) * (ms // 20)


def sound(script: Sequence[int | str]) -> bytes:
    """Return what a caller sends: voice for so many ms, silence for as many below 0, keys for a text."""
    parts = {
        int: lambda ms: voice(ms) if ms > 0 else SILENCE * (-ms * 8),
        str: tones,
    }
    return b"".join(parts[type(part)](part) for part in script)


class Carrier(asyncio.DatagramProtocol):
    """A carrier: the last three digits of the number are its answer, and those before, how many s it talks."""

    def __init__(self) -> None:
        self.invites: list[str] = []
        self.cancelled = 0
        self.talking = asyncio.Event()
        self.errands: list[asyncio.Task[None]] = []

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, address: Any) -> None:
        said = data.decode()
        match said.split(" ", 1)[0]:
            case "ACK" if said.startswith("ACK sip:127.0.0.1"):  # that of a 200: it goes to our contact
                self.talking.set()
            case "OPTIONS" | "BYE":
                self.reply(said, "200 OK", address)
            case "CANCEL":
                self.cancelled += 1
                self.reply(said, "200 OK", address)
                self.reply(self.invites[-1], "487 Request Terminated", address)
            case "INVITE":
                if said not in self.invites:
                    self.invites.append(said)
                    self.errands.append(asyncio.create_task(self.take(said, address)))

    async def take(self, invite: str, address: Any) -> None:
        number = invite.split(" ")[1].removeprefix("sip:").partition("@")[0]
        self.reply(invite, "100 Trying", address)
        match number[-3:]:
            case "200":
                self.reply(invite, "180 Ringing", address)
                await asyncio.sleep(0.2)
                self.reply(invite, "200 OK", address, body=True)
                await asyncio.sleep(float(number[-5:-3]) / 10)
                self.bye(invite, address)
            case "180":
                self.reply(invite, "180 Ringing", address)
            case "302":
                self.reply(invite, "302 Moved", address, "Contact: <sip:10000@127.0.0.1>\r\n")
            case code:
                self.reply(invite, f"{code} No", address)

    def reply(self, to: str, status: str, address: Any, more: str = "", *, body: bool = False) -> None:
        headers = re.findall(r"(?mi)^(?:via|from|call-id|cseq): .*\r\n", to)
        (far,) = re.findall(r"(?mi)^to: .*(?=\r\n)", to)
        tag = "" if ";tag=" in far else ";tag=far"
        sdp = ""
        if body:
            more += f"Contact: <sip:127.0.0.1:{self.port}>\r\nContent-Type: application/sdp\r\n"
            sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            sdp += f"m=audio {self.port + 1} RTP/AVP 8\r\n"
        text = f"SIP/2.0 {status}\r\n{''.join(headers)}{far}{tag}\r\n{more}Content-Length: {len(sdp)}\r\n\r\n{sdp}"
        self.transport.sendto(text.encode(), address)

    def bye(self, invite: str, address: Any) -> None:
        (near,) = re.findall(r"(?mi)^from: (.*)\r\n", invite)
        (far,) = re.findall(r"(?mi)^to: (.*)\r\n", invite)
        (call,) = re.findall(r"(?mi)^call-id: (.*)\r\n", invite)
        (contact,) = re.findall(r"(?mi)^contact: <(.*)>", invite)
        text = (
            f"BYE {contact} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{time.monotonic_ns()}\r\n"
            f"From: {far};tag=far\r\nTo: {near}\r\nCall-ID: {call}\r\nCSeq: 7 BYE\r\nMax-Forwards: 70\r\n"
            "Content-Length: 0\r\n\r\n"
        )
        self.transport.sendto(text.encode(), address)


@dataclass
class Desk:
    """The engine as small as can be, and all that is around it."""

    site: Site
    folder: Path
    process: AsteriskProcess
    exchange: Exchange
    carrier: Carrier
    secrets: Secrets
    keys: Keys = field(default_factory=Keys)
    legs: SeatLegs = field(default_factory=SeatLegs)
    clock: SystemClock = field(default_factory=SystemClock)
    sessions: asyncio.Queue[AgiSession] = field(default_factory=asyncio.Queue)
    ami_in_time: asyncio.Event = field(default_factory=asyncio.Event)  # cleared: events wait
    made: int = 0

    def start(self) -> None:
        self.ami_in_time.set()
        calls = SimpleNamespace(
            keys=self.keys, on_return=None, hung_up=lambda *_: None, has_session=lambda _call: True
        )
        deaf = lambda *_: None  # noqa: E731
        offers = SimpleNamespace(ringing=deaf, answered=deaf, missed=deaf, talk_over=deaf, ring_over=deaf)
        board = SimpleNamespace(
            memory=Memory(), tell=deaf, offers=offers, distributor=SimpleNamespace(seats={})
        )
        phone_of = {self.secrets.phones[number].username: number for number in self.site.settings.phones}
        self.ear = Ear(self.site, calls, board, self.legs, Hands(self.site, self.legs), self.clock, phone_of)  # type: ignore[arg-type]
        self.client = AmiClient(
            "127.0.0.1",
            self.site.settings.ports.ami,
            self.secrets.ami_user,
            self.secrets.ami_password,
            on_event=self.hear,
            on_connected=self.ear.on_connected,
            on_lost=self.ear.on_lost,
        )
        self.server = AgiServer(self.serve, port=self.site.settings.ports.agi)

    async def hear(self, event: Event) -> None:
        await self.ami_in_time.wait()
        await self.ear.on_event(event)

    async def serve(self, session: AgiSession) -> None:
        if session.role == "caller":
            self.sessions.put_nowait(session)
            await session.ended.wait()

    def name(self) -> str:
        self.made += 1
        return f"audible-{self.made}"

    def dial(self, script: Sequence[int | str], *, leaves: bool = False) -> Sipp:
        """Let a caller call, send his sound, and then hang up (``leaves``), or wait until we do."""
        name = self.name()
        file = self.folder / f"{name}.alaw"
        file.write_bytes(sound(script))
        who = {"number": "10000", "caller": "13900000001"}
        body = CALL_HEAD.format(**who, sdp=SDP)
        body += f'<nop><action><exec rtp_stream="{file},1,8,PCMA/8000"/></action></nop>\n'
        if leaves:
            body += f'<pause milliseconds="{len(file.read_bytes()) // 8}"/>\n{HANGUP.format(**who)}'
        else:
            body += f'<recv request="BYE" timeout="30000"/>\n{OK}'
        return self.exchange._start(
            name, body + "</scenario>\n", "10000", port=free_port(), options=["-m", "1"]
        )

    async def call(
        self, script: Sequence[int | str] = (), *, music: str | None = "hotline-music", leaves: bool = False
    ) -> AgiCall:
        """Let a caller call; return the call, answered."""
        self.dial(script, leaves=leaves)
        call = self.reached(await self.session(), music)
        await call.answer()
        return call

    async def session(self) -> AgiSession:
        async with asyncio.timeout(10):
            return await self.sessions.get()

    def reached(self, session: AgiSession, music: str | None = "hotline-music") -> AgiCall:
        (call,) = session.rest
        return AgiCall(
            call,
            session,
            self.legs,
            self.keys.of(call),
            lambda phone: self.secrets.phones[phone].username,
            music=music,
            outside=Outside("trunk-carrier", "10000"),
            clock=self.clock,
            stop_playback=lambda channel: self.ear.hands.stop_playback(channel),
        )

    async def phone(self, **how: Any) -> None:
        """Register the one phone, and let it behave as `Exchange.phone` says."""
        secret, port = self.secrets.phones["6001"], free_port()
        await self.exchange.register(secret.username, secret.password, port)
        self.exchange.phone(port, **how)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory, toolbox: Toolbox) -> AsyncIterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    loop = asyncio.get_running_loop()
    transport, carrier = await loop.create_datagram_endpoint(Carrier, local_addr=("127.0.0.1", 0))
    sip, agi, ami, rtp = free_ports(4)
    rtp = min(rtp, 64000) // 2 * 2
    settings = {
        "site": "desk",
        "numbers": {"10000": {"flow": "none"}},
        "skills": ["general"],
        "queues": {"operator": {"skills": {"general": 1}}},
        "agents": {"ann": {"name": "Ann", "skills": {"general": 1}, "phone": "6001"}},
        "phones": {"6001": {}},
        "trunks": {
            "carrier": {"address": ["127.0.0.1"], "host": f"127.0.0.1:{carrier.port}", "dtmf": "inband"}
        },
        "outbound": {"trunk": "carrier", "allow": ["0X."]},
        "ports": {"sip": sip, "agi": agi, "ami": ami, "rtp_first": rtp, "rtp_last": rtp + 400},
    }
    (folder / "config.yaml").write_text(json.dumps(settings))
    site = load_site(folder / "config.yaml")
    site.data.mkdir()
    layout = Layout.below(site.data / "asterisk")
    wiring = wire(site, toolbox, {})
    write_whole(site, wiring, layout)
    process = AsteriskProcess(layout, toolbox)
    exchange = Exchange(toolbox, folder / "telephones", sip)
    secrets = load_secrets(site.data / "secrets.json", site.settings.phones)
    desk = Desk(site, folder, process, exchange, carrier, secrets)
    try:
        await process.start(ami)
        desk.start()
        running = asyncio.create_task(desk.client.run())
        await desk.client.wait_connected()
        await desk.server.start()
        try:
            yield desk
        finally:
            await desk.server.close()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    finally:
        exchange.close()
        await process.stop()
        transport.close()


@pytest_asyncio.fixture(loop_scope="module")
async def desk(house: Desk) -> AsyncIterator[Desk]:
    """The desk, with no call on it before and after."""
    yield house
    house.ami_in_time.set()
    house.exchange.close()
    house.exchange.running.clear()
    for errand in house.carrier.errands:
        errand.cancel()
    house.carrier.invites.clear()
    house.carrier.cancelled = 0
    house.carrier.talking.clear()
    deadline = time.monotonic() + 10
    while await house.client.channels():
        assert time.monotonic() < deadline, "calls live on"
        for channel in await house.client.channels():
            await house.client.hangup(channel.channel)
        await asyncio.sleep(0.05)
    while not house.sessions.empty():
        house.sessions.get_nowait()


def recorded(file: Path) -> wave.Wave_read:
    """Open a recording, which must be 8 kHz, 16 bit, mono, with a length that its header tells right."""
    with contextlib.closing(wave.open(str(file))) as opened:
        assert (opened.getframerate(), opened.getsampwidth(), opened.getnchannels()) == (8000, 2, 1)
        assert file.stat().st_size >= 44 + 2 * opened.getnframes()
        return opened


def seconds_of(file: Path) -> float:
    return recorded(file).getnframes() / 8000


def loudest(file: Path) -> int:
    return max(memoryview(file.read_bytes()[44:]).cast("h"), default=0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A place for a recording: its file is there, as the mailbox makes it."""
    file = tmp_path / 'a "name" | with, signs & more.wav'
    file.touch()
    return file


# --- recordings


async def test_a_recording_ends_by_a_key_and_holds_what_was_said(desk: Desk, file: Path) -> None:
    call = await desk.call([1500, "#", -3000])
    done = await call.record(file, longest=20, silence=None, finish="#", beep=False)
    assert done.key == "#"
    assert 1.2 < done.seconds < 2.5
    assert seconds_of(file) == pytest.approx(done.seconds, abs=0.05)
    assert loudest(file) > 5000, "it is his voice"


async def test_a_key_that_is_none_of_the_finishing_ones_does_not_end_a_recording(
    desk: Desk, file: Path
) -> None:
    call = await desk.call([300, "5", 800, "#", -3000])
    done = await call.record(file, longest=20, silence=None, finish="#", beep=False)
    assert (done.key, done.seconds > 0.7) == ("#", True)


async def test_a_recording_ends_by_silence_of_which_a_second_is_kept(desk: Desk, file: Path) -> None:
    call = await desk.call([2000, -8000])
    done = await call.record(file, longest=20, silence=3, finish="", beep=False)
    assert done.key is None
    assert 2.5 < done.seconds < 3.6
    assert seconds_of(file) == pytest.approx(done.seconds, abs=0.05)


async def test_a_recording_ends_when_it_is_as_long_as_it_may_be(desk: Desk, file: Path) -> None:
    call = await desk.call([5000])
    done = await call.record(file, longest=1, silence=5, finish="#", beep=True)
    assert (done.key, 0.8 < done.seconds <= 1.1) == (None, True)
    assert seconds_of(file) == pytest.approx(done.seconds, abs=0.05)


async def test_who_hangs_up_while_he_speaks_has_left_a_whole_recording(desk: Desk, file: Path) -> None:
    call = await desk.call([2000], leaves=True)
    with pytest.raises(CallLost):
        await call.record(file, longest=20, silence=None, finish="#", beep=True)
    assert 1.0 < seconds_of(file) < 2.2


async def test_a_key_into_the_beep_ends_a_recording_before_it_began(desk: Desk, file: Path) -> None:
    call = await desk.call([-200, "#", -3000])
    await call.rest(0.05)
    done = await call.record(file, longest=20, silence=None, finish="#", beep=True)
    assert (done.key, done.seconds, loudest(file)) == ("#", 0, 0)


async def test_a_folder_that_asterisk_cannot_write_into_is_told(desk: Desk, tmp_path: Path) -> None:
    call = await desk.call([500])
    with pytest.raises(CommandFailed, match="right to write into that folder"):
        await call.record(tmp_path / "none" / "a.wav", longest=5, silence=None, finish="", beep=False)


# --- keys


@pytest.mark.parametrize("music", ["hotline-music", None])
async def test_a_key_is_heard_while_nothing_is_outstanding(desk: Desk, music: str | None) -> None:
    call = await desk.call([-500, "75", -3000], music=music)
    await call.music(True)
    async with asyncio.timeout(5):
        assert await call.pressed("5") == "5", "the 7 was not asked for"


async def test_a_key_that_the_menu_has_taken_is_not_heard_again_however_late_ami_tells_of_it(
    desk: Desk,
) -> None:
    """What a caller chose in the menu must not choose again in the queue; what he presses there must."""
    call = await desk.call([-300, "1", -700, "2", -3000])
    desk.ami_in_time.clear()
    assert await call.key(5) == "1"
    waiting = asyncio.ensure_future(call.pressed("12"))
    await call.music(True)
    await call.rest(1.5)
    assert not waiting.done()
    desk.ami_in_time.set()
    async with asyncio.timeout(2):
        assert await waiting == "2"


async def test_a_wait_that_is_cancelled_loses_no_key(desk: Desk) -> None:
    call = await desk.call([-300, "4", -3000])
    waiting = asyncio.ensure_future(call.pressed("4"))
    await call.music(True)
    waiting.cancel()
    await call.rest(1)
    async with asyncio.timeout(3):
        assert await call.pressed("4") == "4"


async def test_a_key_while_a_phone_rings_is_heard_and_lets_it_fall_silent(desk: Desk) -> None:
    await desk.phone(answer="")
    call = await desk.call([-1500, "1", -6000])
    waiting = asyncio.ensure_future(call.pressed("1"))
    await call.music(True)
    offer = f"{call.id}/1/1"
    ringing = asyncio.ensure_future(call.ring(Ring(offer, "ann", "6001", 20)))
    async with asyncio.timeout(6):
        assert await waiting == "1"
    assert not ringing.done()
    desk.ear.hands.stop_ringing(offer, None)
    began = time.monotonic()
    rang = await ringing
    assert (rang.outcome, time.monotonic() - began < 1) == ("cancelled", True)
    await call.music(True)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await call.pressed("1")


async def test_keys_pressed_in_a_conversation_are_nobodys(desk: Desk) -> None:
    await desk.phone(rings_ms=200, talks_ms=2500)
    call = await desk.call([-2000, "1", -6000])
    waiting = asyncio.ensure_future(call.pressed("1"))
    await call.music(True)
    rang = await call.ring(Ring(f"{call.id}/1/1", "ann", "6001", 20))
    assert rang.outcome == "answered"
    await call.music(True)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await waiting


async def test_waiting_for_a_key_ends_when_the_caller_hangs_up(desk: Desk) -> None:
    call = await desk.call([-800], leaves=True)
    await call.music(True)
    with pytest.raises(CallLost):
        async with asyncio.timeout(5):
            await call.pressed("1")


# --- numbers outside


async def test_a_number_outside_is_called_with_the_hotlines_own_number_and_joined(desk: Desk) -> None:
    call = await desk.call([-8000])
    end = await call.connect(Line("0755112200", 10))
    assert end.outcome == "answered"
    assert end.answered_at is not None
    assert end.ended_at is not None
    assert 1000 <= end.ended_at - end.answered_at <= 2000
    (invite,) = desk.carrier.invites
    assert invite.startswith(f"INVITE sip:0755112200@127.0.0.1:{desk.carrier.port} ")
    assert re.search(r'(?m)^From: (?:"10000" )?<sip:10000@', invite), invite
    assert "13900000001" not in invite, "the caller's own number is not shown"
    assert await call.key(0.1) is None, "the caller is still there"


@pytest.mark.parametrize(("code", "outcome"), [("486", "busy"), ("404", "unreachable"), ("603", "refused")])
async def test_why_a_number_outside_did_not_answer_is_told(desk: Desk, code: str, outcome: str) -> None:
    call = await desk.call([-8000])
    end = await call.connect(Line(f"0755{code}", 10))
    assert (end.outcome, end.tech_cause) == (outcome, code)


async def test_a_number_outside_cannot_send_the_caller_elsewhere(desk: Desk) -> None:
    call = await desk.call([-8000])
    end = await call.connect(Line("0755302", 10))
    assert end.outcome == "refused"
    assert desk.sessions.empty(), "the number it named is the hotline's"
    assert len(desk.carrier.invites) == 1


async def test_a_number_outside_rings_no_longer_than_it_may(desk: Desk) -> None:
    call = await desk.call([-8000])
    end = await call.connect(Line("0755180", 1))
    assert end.outcome == "no-answer"
    assert desk.carrier.cancelled == 1


@pytest.mark.parametrize("number", ["+8607502200", "*21#02200"])
async def test_every_sign_of_a_number_arrives(desk: Desk, number: str) -> None:
    call = await desk.call([-8000])
    assert (await call.connect(Line(number, 10))).outcome == "answered"
    user = desk.carrier.invites[0].split(" ")[1].removeprefix("sip:").partition("@")[0]
    assert user.replace("%23", "#") == number


async def test_a_seat_is_rung_after_a_number_outside_and_the_other_way_round(desk: Desk) -> None:
    """Neither takes the other's news for its own."""
    await desk.phone(rings_ms=100, talks_ms=400)
    call = await desk.call([-15000])
    first = await call.connect(Line("0755486", 10))
    rang = await call.ring(Ring(f"{call.id}/1/1", "ann", "6001", 10))
    second = await call.connect(Line("0755180", 1))
    third = await call.connect(Line("0755404", 10))
    outcomes = [first.outcome, rang.outcome, second.outcome, third.outcome]
    assert outcomes == ["busy", "answered", "no-answer", "unreachable"]


async def test_a_conversation_outside_outlives_the_engine_and_is_told_to_the_next(desk: Desk) -> None:
    call = await desk.call([-10000])
    session = call._session
    connecting = asyncio.ensure_future(call.connect(Line("0755115200", 10)))
    async with asyncio.timeout(5):
        await desk.carrier.talking.wait()
    session.close()
    with pytest.raises(CallLost):
        await connecting
    again = await desk.session()
    line, _, moment = again.environment["agi_arg_7"].partition(" ")
    assert line.startswith(f"{call.id}/line/")
    assert moment.isdigit()
    assert again.environment["agi_arg_5"] == "", "no seat was answered"


async def test_without_a_trunk_no_number_outside_can_be_reached(desk: Desk) -> None:
    call = await desk.call([-3000])
    call._outside = None
    assert await call.connect(Line("0755200", 10)) == Connected("unreachable")
