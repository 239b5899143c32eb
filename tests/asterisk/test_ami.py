"""The AMI client on a real Asterisk."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from acd.ami import AmiClient, AmiError, Event, LoginRefused, NoSuchChannel, NotConnected
from hotline.asterisk.prefix import Toolbox, find

SECRET = "a secret, with = and ;"
MODULES = (
    "res_pjproject res_sorcery_config res_sorcery_memory res_sorcery_astdb res_pjsip res_pjsip_session "
    "res_pjsip_pubsub res_http_websocket res_rtp_asterisk chan_pjsip pbx_config app_playback app_controlplayback "
    "format_pcm codec_ulaw"
)
DIALPLAN = """\
[test]
exten => wait,1,Answer()
 same => n,Wait(60)
exten => busy,1,Answer()
 same => n,Hangup(17)
exten => play,1,Answer()
 same => n,Playback({sound})
 same => n,Hangup(21)
"""
MANAGER = """\
[general]
enabled = yes
bindaddr = 127.0.0.1
port = {port}
timestampevents = yes
channelvars = NAME
[hotline]
secret = {secret}
read = system,call,dialplan
write = system,call,originate,reporting
"""
PJSIP = """\
[udp]
type = transport
protocol = udp
bind = 127.0.0.1:{sip}
[here]
type = endpoint
allow = ulaw
aors = here
[here]
type = aor
contact = sip:here@127.0.0.1:9
[away]
type = endpoint
allow = ulaw
aors = away
[away]
type = aor
max_contacts = 1
"""
HARD = "Wáng 王芳, B=1 \"(x) [\\ ' ?"


class Switch:
    """An Asterisk of its own that can be killed and started again."""

    def __init__(self, folder: Path, toolbox: Toolbox) -> None:
        self.port, sip = _free_ports()
        self._start = toolbox.command("asterisk", "-C", str(folder / "asterisk.conf"), "-f", "-n")
        self._environment = os.environ | toolbox.environment("asterisk")
        self._process: subprocess.Popen[bytes] | None = None
        home = toolbox.asterisk
        sound = folder / "sound"
        own = ("etc", "varlib", "db", "key", "agi", "spool", "run", "log")
        directories = [f"ast{name}dir => {folder}" for name in own]
        directories += [f"astmoddir => {home.modules}", f"astdatadir => {home.data}"]
        files = {
            "asterisk.conf": "\n".join(["[directories]", *directories, ""]),
            "modules.conf": "[modules]\nautoload = no\n"
            + "".join(f"load = {name}.so\n" for name in MODULES.split()),
            "manager.conf": MANAGER.format(port=self.port, secret=SECRET.replace(";", "\\;")),
            "pjsip.conf": PJSIP.format(sip=sip),
            "extensions.conf": DIALPLAN.format(sound=sound),
        }
        for name, text in files.items():
            (folder / name).write_text(text)
        sound.with_suffix(".ulaw").write_bytes(b"\xff" * 8000 * 30)

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._start, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class Listener:
    """Keep what the client tells, and let a test wait for it."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.resyncs = 0
        self.losses: list[AmiError] = []
        self._news = asyncio.Event()

    async def event(self, event: Event) -> None:
        self.events.append(event)
        self._news.set()

    async def connected(self, client: AmiClient) -> None:
        await client.channels()
        await client.phones()
        self.resyncs += 1
        self._news.set()

    async def lost(self, reason: AmiError) -> None:
        self.losses.append(reason)
        self._news.set()

    async def until(self, true: Callable[[], bool]) -> None:
        while not true():
            self._news.clear()
            await self._news.wait()

    async def hears(self, name: str, **headers: str) -> Event:
        def found() -> Event | None:
            wanted = headers.items()
            heard = (event for event in self.events if event.name == name)
            return next((e for e in heard if all(e.headers.get(k) == v for k, v in wanted)), None)

        await self.until(lambda: found() is not None)
        event = found()
        assert event is not None
        return event

    def of(self, uniqueid: str) -> list[str]:
        return [event.name for event in self.events if event.headers.get("Uniqueid") == uniqueid]


def _free_ports() -> tuple[int, int]:
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        udp.bind(("127.0.0.1", 0))
        return tcp.getsockname()[1], udp.getsockname()[1]


@pytest.fixture(scope="module")
def toolbox() -> Toolbox:
    return find()


@pytest.fixture(scope="module")
def switch(toolbox: Toolbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Switch]:
    """One Asterisk for the tests that leave it alive and without channels."""
    switch = Switch(tmp_path_factory.mktemp("asterisk"), toolbox)
    switch.start()
    yield switch
    switch.kill()


@asynccontextmanager
async def connected(switch: Switch, listener: Listener, secret: str = SECRET) -> AsyncIterator[AmiClient]:
    client = AmiClient(
        "127.0.0.1",
        switch.port,
        "hotline",
        secret,
        on_event=listener.event,
        on_connected=listener.connected,
        on_lost=listener.lost,
    )
    task = asyncio.create_task(client.run())
    try:
        if secret == SECRET:
            await client.wait_connected()
        yield client
    finally:
        with contextlib.suppress(AmiError):
            for channel in await client.channels():
                await client.hangup(channel.channel)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def listener() -> Listener:
    return Listener()


async def test_a_login_is_followed_by_the_resync_and_then_by_events(
    switch: Switch, listener: Listener
) -> None:
    async with connected(switch, listener) as client:
        assert listener.resyncs == 1
        await listener.hears("FullyBooted")
        assert client.statistics().connected


async def test_a_wrong_secret_is_a_refused_login(switch: Switch, listener: Listener) -> None:
    async with connected(switch, listener, secret="wrong") as client:
        while not client.statistics().last_error:  # noqa: ASYNC110 -- a refusal calls no handler
            await asyncio.sleep(0.05)
        with pytest.raises(NotConnected) as refused:
            await client.action("Ping")
    assert isinstance(refused.value.__cause__, LoginRefused)
    assert listener.resyncs == 0


async def test_channels_are_listed_with_state_place_and_variables(switch: Switch, listener: Listener) -> None:
    async with connected(switch, listener) as client:
        await client.originate(
            "Local/wait@test/n",
            context="test",
            exten="wait",
            uniqueid="u1",
            variables={"NAME": HARD, "OTHER": "a,b"},
        )
        await listener.hears("OriginateResponse", Uniqueid="u1")
        channels = {channel.uniqueid: channel for channel in await client.channels(["NAME", "OTHER", "NONE"])}
    one, two = channels["u1"], channels["u1;2"]
    assert one.variables == {"NAME": HARD, "OTHER": "a,b"}
    assert (one.linkedid, two.linkedid) == ("u1", "u1")
    assert (one.state, one.context, one.exten, one.application) == ("Up", "test", "wait", "Wait")
    assert one.channel.endswith(";1")
    assert one.seconds < 10


async def test_text_arrives_whole_however_it_is_cut(
    switch: Switch, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every read takes one byte, so every letter beyond ASCII is cut."""
    monkeypatch.setattr("acd.ami_link._READ_BYTES", 1)
    async with connected(switch, listener) as client:
        await client.originate(
            "Local/busy@test/n", context="test", exten="wait", uniqueid="u2", variables={"NAME": HARD}
        )
        event = await listener.hears("Hangup", Uniqueid="u2")
    assert event.variables["NAME"] == HARD


async def test_the_events_of_a_call_come_in_order_with_cause_and_lag(
    switch: Switch, listener: Listener
) -> None:
    async with connected(switch, listener) as client:
        action_id = await client.originate(
            "Local/busy@test/n", context="test", exten="wait", uniqueid="u3", caller_id="Wang <13800000000>"
        )
        hangup = await listener.hears("Hangup", Uniqueid="u3;2")
        await listener.hears("Hangup", Uniqueid="u3")
        answer = await listener.hears("OriginateResponse", ActionID=action_id)
    names = listener.of("u3;2")
    assert names[0] == "Newchannel"
    assert names[-1] == "Hangup"
    assert names.index("Newstate") < names.index("HangupRequest" if "HangupRequest" in names else "Hangup")
    assert hangup.headers["cause"] == "17"
    assert hangup.headers["CallerIDNum"] == "13800000000"
    assert hangup.lag_ms is not None
    assert hangup.lag_ms < 5000
    assert answer.headers["Response"] == "Success"


async def test_a_channel_is_redirected_and_hung_up_with_the_cause_given(
    switch: Switch, listener: Listener
) -> None:
    async with connected(switch, listener) as client:
        await client.originate("Local/wait@test/n", context="test", exten="wait", uniqueid="u4")
        await listener.hears("OriginateResponse", Uniqueid="u4")
        ours = next(c.channel for c in await client.channels() if c.uniqueid == "u4")
        await client.redirect(ours, "test", "play")
        await listener.hears("Newexten", Uniqueid="u4", Exten="play", Application="Playback")
        assert await client.hangup(ours, cause=38)
        assert (await listener.hears("Hangup", Uniqueid="u4")).headers["Cause"] == "38"
        assert not await client.hangup(ours)
        assert not await client.stop_playback(ours)
        with pytest.raises(NoSuchChannel):
            await client.redirect(ours, "test", "play")


async def test_a_prompt_is_stopped_and_the_dialplan_goes_on(switch: Switch, listener: Listener) -> None:
    async with connected(switch, listener) as client:
        await client.originate("Local/wait@test/n", context="test", exten="play", uniqueid="u5")
        await listener.hears("Newexten", Uniqueid="u5", Application="Playback")
        ours = next(c.channel for c in await client.channels() if c.uniqueid == "u5")
        assert await client.stop_playback(ours)
        assert (await listener.hears("Hangup", Uniqueid="u5")).headers["Cause"] == "21"


async def test_a_variable_comes_back_as_it_was_set(switch: Switch, listener: Listener) -> None:
    longest = "x" * (1022 - len("Value: "))
    async with connected(switch, listener) as client:
        for value in (HARD, longest, ""):
            await client.setvar("HOTLINE_TEST", value)
            assert await client.getvar("HOTLINE_TEST") == value


async def test_a_phone_is_reachable_when_it_has_a_contact(switch: Switch, listener: Listener) -> None:
    async with connected(switch, listener) as client:
        assert await client.phones() == {"here": True, "away": False}


async def test_the_client_survives_an_asterisk_that_is_killed_and_started_again(
    toolbox: Toolbox, tmp_path: Path, listener: Listener
) -> None:
    switch = Switch(tmp_path, toolbox)
    switch.start()
    try:
        async with connected(switch, listener) as client:
            switch.kill()
            await listener.until(lambda: bool(listener.losses))
            with pytest.raises(NotConnected):
                await client.channels()
            switch.start()
            await listener.until(lambda: listener.resyncs == 2)
            await client.setvar("HOTLINE_TEST", "1")
            assert client.statistics().losses == 1
    finally:
        switch.kill()
